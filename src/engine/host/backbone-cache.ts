/** @file Keeps the models used last ready, and frees the others: never one that is at work. */

/** Something that holds native memory. */
export interface Disposable {
  dispose(): Promise<void>
}

export interface BackboneCache<B extends Disposable> {
  /** Runs `work` with the backbone, loaded if need be. It is not freed before `work` has ended. */
  use<T>(modelId: string, work: (backbone: B) => Promise<T>): Promise<T>
  /** Frees one model, once nothing uses it. */
  evict(modelId: string): Promise<void>
  dispose(): Promise<void>
}

interface Entry<B> {
  readonly backbone: Promise<B>
  users: number
  evicted: boolean
}

/**
 * @param load called once per model until it is evicted; a failure is not kept
 * @param onEvict told before a model is freed, so that what was computed with it can be forgotten
 */
export function createBackboneCache<B extends Disposable>(capacity: number, load: (modelId: string) => Promise<B>, onEvict: (modelId: string) => void): BackboneCache<B> {
  // In order of use, oldest first.
  const entries = new Map<string, Entry<B>>()

  const free = async (entry: Entry<B>): Promise<void> => {
    const backbone = await entry.backbone.catch(() => undefined)
    await backbone?.dispose()
  }
  const evict = async (modelId: string): Promise<void> => {
    const entry = entries.get(modelId)
    if (entry === undefined) return
    entries.delete(modelId)
    entry.evicted = true
    onEvict(modelId)
    if (entry.users === 0) await free(entry)
  }
  const enter = (modelId: string): Entry<B> => {
    const entry = entries.get(modelId) ?? { backbone: load(modelId), users: 0, evicted: false }
    entry.users++
    entries.delete(modelId)
    entries.set(modelId, entry)
    return entry
  }
  const makeRoom = async (): Promise<void> => {
    for (const [modelId, { users }] of [...entries]) {
      if (entries.size <= capacity) return
      if (users === 0) await evict(modelId)
    }
  }

  return {
    use: async (modelId, work) => {
      const entry = enter(modelId)
      try {
        await makeRoom()
        const backbone = await entry.backbone.catch((error: unknown) => {
          entries.delete(modelId)
          throw error
        })
        return await work(backbone)
      } finally {
        entry.users--
        if (entry.evicted && entry.users === 0) await free(entry)
      }
    },
    evict,
    dispose: async () => {
      await Promise.all([...entries.keys()].map(evict))
    },
  }
}
