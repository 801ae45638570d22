/** @file One large picture at a time, over all threads of the loader: several at once could fill a small machine's memory. */
import { setTimeout } from 'node:timers/promises'

/** A large picture takes seconds, so asking this often costs nothing and delays nothing. */
const pollMs = 10

export type LargeGate = <T>(work: () => Promise<T>) => Promise<T>

/** What the threads share: one int32, 1 while a large picture is being worked on. */
export function createGateState(): SharedArrayBuffer {
  return new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
}

/** The gate as seen by one thread. A failed piece of work leaves it open. */
export function openLargeGate(shared: SharedArrayBuffer): LargeGate {
  const state = new Int32Array(shared)
  return async (work) => {
    while (Atomics.compareExchange(state, 0, 0, 1) !== 0) await setTimeout(pollMs)
    try {
      return await work()
    } finally {
      Atomics.store(state, 0, 0)
    }
  }
}
