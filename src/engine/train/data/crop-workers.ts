/** @file Makes crops in the calling thread or in worker threads, with the same bytes: a picture always belongs to the same thread. */
import { createCropMaker, type CropFailure, type CropItem, type CropMakerOptions, type CropTask } from './crop-maker'
import { startThread } from './crop-thread'

export interface CropWorkers {
  /** @throws EngineError what a thread died of, or what is wrong with the crops */
  make(task: CropTask): Promise<readonly CropFailure[]>
  /** Bytes of decoded pictures kept, as last heard. */
  cachedBytes(): number
  /** Ends all threads, whatever they are doing. */
  close(): Promise<void>
}

/** Starts `count` threads that share the cache's bytes; 0 works in the calling thread. */
export async function openCropWorkers(count: number, options: CropMakerOptions): Promise<CropWorkers> {
  if (count === 0) {
    const maker = createCropMaker(options)
    const close = (): Promise<void> => {
      maker.stop()
      return Promise.resolve()
    }
    return { make: maker.make, cachedBytes: () => maker.cachedBytes, close }
  }
  const cacheBytes = Math.floor(options.cacheBytes / count)
  const threads = Array.from({ length: count }, () => startThread({ ...options, cacheBytes }))
  const close = async (): Promise<void> => {
    await Promise.all(threads.map((thread) => thread.close()))
  }
  try {
    await Promise.all(threads.map(({ ready }) => ready))
  } catch (error) {
    await close()
    throw error
  }
  return {
    make: async ({ slot, items }) => {
      const shares = shareOut(items, count)
      const failures = await Promise.all(shares.map(async (share, index) => (share.length === 0 ? [] : threads[index]!.make({ slot, items: share }))))
      return failures.flat()
    },
    cachedBytes: () => threads.reduce((sum, thread) => sum + thread.cachedBytes(), 0),
    close,
  }
}

function shareOut(items: readonly CropItem[], count: number): readonly (readonly CropItem[])[] {
  const shares = Array.from({ length: count }, (): CropItem[] => [])
  for (const item of items) shares[item.image % count]!.push(item)
  return shares
}
