/** @file Keeps what was used last, up to a number of bytes. */

export interface ByteCache<V> {
  get(key: string): V | undefined
  set(key: string, value: V): void
  delete(key: string): void
  readonly sizeBytes: number
}

/** A cache that forgets what has not been used for longest. A value larger than `maxBytes` is not kept at all. */
export function createByteCache<V>(maxBytes: number, sizeOf: (value: V) => number): ByteCache<V> {
  // A Map iterates in order of insertion, so the first key is the one used least recently.
  const entries = new Map<string, V>()
  let sizeBytes = 0
  const remove = (key: string): V | undefined => {
    const value = entries.get(key)
    if (value === undefined) return undefined
    entries.delete(key)
    sizeBytes -= sizeOf(value)
    return value
  }
  return {
    get: (key) => {
      const value = entries.get(key)
      if (value === undefined) return undefined
      entries.delete(key)
      entries.set(key, value)
      return value
    },
    set: (key, value) => {
      remove(key)
      entries.set(key, value)
      sizeBytes += sizeOf(value)
      for (const oldest of entries.keys()) {
        if (sizeBytes <= maxBytes) break
        remove(oldest)
      }
    },
    delete: remove,
    get sizeBytes() {
      return sizeBytes
    },
  }
}
