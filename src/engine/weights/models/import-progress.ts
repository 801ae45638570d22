/** @file Progress of an import, counted in bytes written. */
import type { Progress } from '../../contract'

const title = 'Import model'

/** Emits a progress event for each tensor written, with rate and remaining time from the monotonic clock. */
export function importProgress(total: number, emit: (event: Progress) => void): (name: string, byteLength: number) => void {
  const startMs = performance.now()
  let done = 0
  return (_name, byteLength) => {
    done += byteLength
    const elapsedMs = performance.now() - startMs
    const ratePerSecond = elapsedMs > 0 ? (done / elapsedMs) * 1000 : undefined
    const etaMs = ratePerSecond === undefined ? undefined : ((total - done) / ratePerSecond) * 1000
    emit({ kind: 'progress', title, done, total, value: total === 0 ? 1 : done / total, ratePerSecond, etaMs })
  }
}
