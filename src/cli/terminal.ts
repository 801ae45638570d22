/** @file What a command tells while it works and when it is done: progress on stderr, the result on stdout. */
import type { Progress } from '../engine/contract'

/** A stream as far as it is used; `columns` is only known of terminals. */
export interface TextStream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

export interface Terminal {
  /** One line for people, on stderr. */
  note(line: string): void
  progress(progress: Progress): void
  /** The result: `lines` for people, or `value` as one JSON object on the last line of stdout. */
  result(value: object, lines: readonly string[]): void
}

/** Between progress lines where nobody watches them change. */
const sparseMs = 5000

function durationText(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000)
  return seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`
}

/** `Embedding images 120/1000 (12 %), 40/s, 22 s left` */
export function progressText({ title, done, total, value, ratePerSecond, etaMs }: Progress): string {
  const rate = ratePerSecond === undefined ? '' : `, ${ratePerSecond.toPrecision(3)}/s`
  const left = etaMs === undefined || done >= total ? '' : `, ${durationText(etaMs)} left`
  return `${title} ${done}/${total} (${Math.floor(100 * value)} %)${rate}${left}`
}

/** On a terminal progress is one line that changes; elsewhere a new line now and then. */
export function createTerminal(json: boolean, stdout: TextStream, stderr: TextStream, now: () => number = () => performance.now()): Terminal {
  const live = stderr.isTTY === true
  let liveLine = false
  let lastMs = -Infinity
  let lastText = ''
  const clear = (): void => {
    if (liveLine) stderr.write('\r\x1b[K')
    liveLine = false
    lastText = ''
  }
  return {
    note: (line) => {
      clear()
      stderr.write(`${line}\n`)
    },
    progress: (progress) => {
      const text = progressText(progress)
      if (text === lastText) return
      if (live) {
        lastText = text
        stderr.write(`\r\x1b[K${text.slice(0, (stderr.columns ?? 80) - 1)}`)
        liveLine = true
        return
      }
      if (now() - lastMs < sparseMs && progress.done < progress.total) return
      lastMs = now()
      lastText = text
      stderr.write(`${text}\n`)
    },
    result: (value, lines) => {
      clear()
      if (json) stdout.write(`${JSON.stringify(value)}\n`)
      else for (const line of lines) stdout.write(`${line}\n`)
    },
  }
}
