/** @file A limit on what this process may hold. */
import { Worker } from 'node:worker_threads'

/** Often enough for little more than the limit to be taken meanwhile. */
const intervalMs = 20

/** A run of the runtime blocks the main thread, so another thread looks. As text, since it is part of no bundle. */
const watch = `
const { workerData } = require('node:worker_threads')
setInterval(() => {
  if (process.memoryUsage.rss() > workerData.bytes) process.kill(process.pid, 'SIGKILL')
}, workerData.intervalMs)
`

/** Kills this process once it holds more than `bytes`. Returns what ends the limit. */
export function limitMemory(bytes: number): () => void {
  const worker = new Worker(watch, { eval: true, workerData: { bytes, intervalMs } })
  worker.unref()
  return () => {
    void worker.terminate()
  }
}
