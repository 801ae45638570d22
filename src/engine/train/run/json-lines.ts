/** @file Files of one JSON object per line with ascending steps: found from the end, read in pieces, torn lines passed over. */
import type { FileHandle } from 'node:fs/promises'
import { numberOf, numberText } from './exact-json'

/** The numbers of one line by name; `step` is always among them. */
export type StepLine = Readonly<Record<string, number>> & { readonly step: number }

const newline = 0x0a
const tailBytes = 2 ** 16
const readBytes = 2 ** 20
const stepPattern = /^\{"step":(\d{1,16})[,}]/

/** `{"step":12,"loss":3.5}` and a newline. No value is named `step`. */
export function lineText(step: number, values: Readonly<Record<string, number>>): string {
  let text = `{"step":${step}`
  for (const name in values) text += `,${JSON.stringify(name)}:${numberText(values[name] ?? NaN)}`
  return `${text}}\n`
}

/** The inverse of {@link lineText} for any number of lines; those that are torn or not ours are passed over. */
export function parseLines(text: string): readonly StepLine[] {
  try {
    // At once: line by line reading takes half as long again.
    return (JSON.parse(`[${text.trimEnd().replaceAll('\n', ',')}]`) as unknown[]).filter(isStepLine)
  } catch {
    return text.split('\n').flatMap(parseLine)
  }
}

function parseLine(text: string): readonly StepLine[] {
  try {
    const line: unknown = JSON.parse(text)
    return isStepLine(line) ? [line] : []
  } catch {
    return []
  }
}

/** Whether it is a line of ours; its numbers that JSON cannot hold become numbers again. */
function isStepLine(line: unknown): line is StepLine {
  if (typeof line !== 'object' || line === null || Array.isArray(line)) return false
  const values = line as Record<string, unknown>
  for (const name in values) {
    if (typeof values[name] === 'number') continue
    const value = numberOf(values[name])
    if (value === undefined) return false
    values[name] = value
  }
  return typeof values['step'] === 'number'
}

/**
 * The offset behind the last whole line whose step is below `step`: where such a line would be followed by new ones.
 * Read from the end, so that it costs what lies behind it.
 */
export async function offsetOfStep(handle: FileHandle, size: number, step: number): Promise<number> {
  // Bytes from `start` to the end of the line that is looked for next.
  let start = size
  let tail: Buffer = Buffer.alloc(0)
  // A torn last line has no newline; what begins behind the last one is never taken.
  for (;;) {
    const end = tail.lastIndexOf(newline)
    const before = end <= 0 ? -1 : tail.lastIndexOf(newline, end - 1)
    if (end !== -1 && (before !== -1 || start === 0)) {
      const text = tail.toString('utf8', before + 1, end)
      const found = stepPattern.exec(text)?.[1]
      if (found !== undefined && Number(found) < step && parseLine(text).length === 1) return start + end + 1
      if (before === -1) return 0
      tail = tail.subarray(0, before + 1)
      continue
    }
    if (start === 0) return 0
    const length = Math.min(start, Math.max(tailBytes, tail.length))
    start -= length
    tail = Buffer.concat([await readAt(handle, start, length), tail])
  }
}

/** Every whole line from `offset` on, in pieces that do not hold up the event loop for long. */
export async function* readLines(handle: FileHandle, offset: number): AsyncGenerator<readonly StepLine[]> {
  let rest: Buffer = Buffer.alloc(0)
  for (let position = offset; ; ) {
    const piece = await readAt(handle, position, readBytes)
    if (piece.length === 0) return
    position += piece.length
    const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece])
    const end = bytes.lastIndexOf(newline)
    rest = bytes.subarray(end + 1)
    yield parseLines(bytes.toString('utf8', 0, end + 1))
  }
}

/** Up to `length` bytes; fewer only at the end of the file. */
async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length)
  let done = 0
  while (done < length) {
    const { bytesRead } = await handle.read(buffer, done, length - done, position + done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return buffer.subarray(0, done)
}
