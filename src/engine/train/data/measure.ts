/** @file How fast pictures become batches when no model holds them up. */
import { openLoader } from './loader'
import type { LoaderOptions } from './loader-options'

export interface LoaderSpeed {
  readonly batchesPerSecond: number
  readonly imagesPerSecond: number
  /** Bytes of decoded pictures kept at the end. */
  readonly cachedBytes: number
}

/** Runs a loader over its steps as fast as it goes. The first batch is not counted: it waits for threads to start. */
export async function measureLoader(options: LoaderOptions): Promise<LoaderSpeed> {
  const loader = await openLoader(options)
  try {
    const steps = options.lastStep - options.firstStep
    ;(await loader.next()).release()
    const startedAt = performance.now()
    for (let step = 0; step < steps; step++) (await loader.next()).release()
    const batchesPerSecond = steps / ((performance.now() - startedAt) / 1000)
    return { batchesPerSecond, imagesPerSecond: batchesPerSecond * options.batch, cachedBytes: loader.cachedBytes() }
  } finally {
    await loader.close()
  }
}
