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
  /** One line that says how things stand and is replaced by the next; `last` is shown in any case. */
  status(text: string, last?: boolean): void
  /** The result: `lines` for people, or `value` as one JSON object on the last line of stdout. */
  result(value: object, lines: readonly string[]): void
}

/** Between progress lines where nobody watches them change. */
const sparseMs = 5000

/** `40 s`, `12 min`, `3 h 05 min`. */
export function durationText(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000)
  if (seconds < 90) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`
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
  const status = (text: string, last = false): void => {
    if (text === lastText) return
    if (live) {
      lastText = text
      stderr.write(`\r\x1b[K${text.slice(0, (stderr.columns ?? 80) - 1)}`)
      liveLine = true
      return
    }
    if (now() - lastMs < sparseMs && !last) return
    lastMs = now()
    lastText = text
    stderr.write(`${text}\n`)
  }
  return {
    status,
    note: (line) => {
      clear()
      stderr.write(`${line}\n`)
    },
    progress: (progress) => {
      status(progressText(progress), progress.done >= progress.total)
    },
    result: (value, lines) => {
      clear()
      if (json) stdout.write(`${JSON.stringify(value)}\n`)
      else for (const line of lines) stdout.write(`${line}\n`)
    },
  }
}
