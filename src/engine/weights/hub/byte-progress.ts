/** @file Progress of a download: all bytes that are there, at the rate of those that have come this time. */
import type { Progress } from '../../contract'
import { progressAt } from '../../progress'

const intervalMs = 100

/** @returns tells how many bytes are there, of how many; the last byte is always told */
export function createByteProgress(title: string, expected: number | undefined, emit: (progress: Progress) => void): (bytes: number, total: number | undefined) => void {
  const started = performance.now()
  let reported = -Infinity
  let begun: number | undefined
  return (bytes, known) => {
    const total = Math.max(known ?? expected ?? bytes, bytes)
    begun = Math.min(begun ?? bytes, bytes)
    const now = performance.now()
    if (now - reported < intervalMs && bytes < total) return
    reported = now
    emit({ ...progressAt(title, bytes - begun, total - begun, now - started), done: bytes, total, value: total === 0 ? 1 : bytes / total })
  }
}
