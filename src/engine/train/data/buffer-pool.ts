/** @file Memory for the batches that are being learnt from, used again and again. */

export interface PooledBuffer {
  /** float32 [values] */
  readonly values: Float32Array<ArrayBuffer>
  /** Gives it back, once. */
  release(): void
}

/** Buffers of `values` float32 each. One that is never given back is the garbage collector's. */
export function createBufferPool(values: number): { take(): PooledBuffer } {
  const free: Float32Array<ArrayBuffer>[] = []
  return {
    take: () => {
      const buffer = free.pop() ?? new Float32Array(values)
      let isOut = true
      return {
        values: buffer,
        release: () => {
          if (isOut) free.push(buffer)
          isOut = false
        },
      }
    },
  }
}
