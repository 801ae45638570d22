import { describe, expect, it } from 'vitest'
import { createByteCache } from '../../../src/engine/library/byte-cache'

const keysOf = (cache: { get(key: string): string | undefined }): string[] => ['a', 'b', 'c', 'd'].filter((key) => cache.get(key) !== undefined)

describe('createByteCache', () => {
  it('forgets what has not been used for longest', () => {
    const cache = createByteCache<string>(10, (value) => value.length)
    cache.set('a', '1234')
    cache.set('b', '1234')
    cache.get('a')
    cache.set('c', '1234')
    expect({ keys: keysOf(cache), sizeBytes: cache.sizeBytes }).toEqual({ keys: ['a', 'c'], sizeBytes: 8 })
  })

  it('counts a replaced value once and a removed one not at all', () => {
    const cache = createByteCache<string>(10, (value) => value.length)
    cache.set('a', '123456')
    cache.set('a', '12')
    cache.set('b', '12')
    cache.delete('b')
    cache.delete('b')
    expect({ keys: keysOf(cache), sizeBytes: cache.sizeBytes }).toEqual({ keys: ['a'], sizeBytes: 2 })
  })

  it('does not keep what is larger than all of it', () => {
    const cache = createByteCache<string>(3, (value) => value.length)
    cache.set('a', '1234')
    expect({ keys: keysOf(cache), sizeBytes: cache.sizeBytes }).toEqual({ keys: [], sizeBytes: 0 })
  })
})
