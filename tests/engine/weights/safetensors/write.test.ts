import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tensor, type Tensor } from '../../../../src/engine/tensor'
import { readSafetensors, readSafetensorsIndex, writeSafetensors, writeSafetensorsFrom } from '../../../../src/engine/weights'
import { errorOf, put, temporaryFolder } from '../support/files'

const folder = temporaryFolder()
const path = (name: string): string => join(folder, name)

const tensors: readonly (readonly [string, Tensor])[] = [
  ['flag', tensor('bool', [3], new Uint8Array([1, 0, 1]))],
  ['half', tensor('float16', [1], new Uint16Array([0x3c00]))],
  ['weight', tensor('float32', [2, 2], new Float32Array([1, -2, NaN, Infinity]))],
  ['count', tensor('int64', [], new BigInt64Array([-1n]))],
  ['nothing', tensor('float32', [0, 4], new Float32Array(0))],
  ['__proto__', tensor('float64', [1], new Float64Array([Math.PI]))],
  ['10', tensor('int8', [1], new Int8Array([-8]))],
]

test('what was written is read back, with every tensor aligned to its elements', async () => {
  await writeSafetensors(path('all.safetensors'), tensors, { format: 'pt', ü: '"' })
  const { tensors: locations, metadata } = await readSafetensorsIndex(path('all.safetensors'))
  expect(metadata).toEqual({ format: 'pt', ü: '"' })
  expect(await readSafetensors(path('all.safetensors'))).toEqual(new Map(tensors))
  const sizes = { count: 8, __proto__: 8, weight: 4, half: 2 }
  for (const [name, size] of Object.entries(sizes)) expect((locations.get(name)?.offset ?? 1) % size, name).toBe(0)
})

test('a file without tensors is a file', async () => {
  await writeSafetensors(path('none.safetensors'), [])
  expect(await readSafetensorsIndex(path('none.safetensors'))).toEqual({ path: path('none.safetensors'), tensors: new Map(), metadata: {} })
})

test('the hash and the size that are given are those of the file', async () => {
  const sources = tensors.map(([name, value]) => ({ name, dtype: value.dtype, shape: value.shape, read: () => Promise.resolve(value) }))
  const written: [string, number][] = []
  const result = await writeSafetensorsFrom(path('hashed.safetensors'), sources, { onWritten: (name, bytes) => written.push([name, bytes]) })
  const bytes = readFileSync(path('hashed.safetensors'))
  expect(result).toEqual({ sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length })
  expect(Object.fromEntries(written)).toEqual({ flag: 3, half: 2, weight: 16, count: 8, nothing: 0, ['__proto__']: 8, 10: 1 })
})

test('a source that fails or does not keep its promise leaves the old file and no other', async () => {
  put(folder, 'kept.safetensors', 'old')
  const before = readdirSync(folder).sort()
  const good = { name: 'a', dtype: 'float32', shape: [2], read: () => Promise.resolve(tensor('float32', [2], new Float32Array(2))) } as const
  const short = { ...good, name: 'b', read: () => Promise.resolve(tensor('float32', [1], new Float32Array(1))) }
  expect(await errorOf(writeSafetensorsFrom(path('kept.safetensors'), [good, short]))).toMatchObject({ code: 'INTERNAL' })
  expect(await errorOf(writeSafetensorsFrom(path('kept.safetensors'), [good, good]))).toMatchObject({ code: 'INTERNAL' })
  await expect(writeSafetensorsFrom(path('kept.safetensors'), [good], { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
  expect(readFileSync(path('kept.safetensors'), 'utf8')).toBe('old')
  expect(readdirSync(folder).sort()).toEqual(before)
})

test('tensors are read one after the other', async () => {
  let open = 0
  let most = 0
  const sources = Array.from({ length: 5 }, (_, index) => ({
    name: `tensor${index}`,
    dtype: 'float32' as const,
    shape: [1],
    read: async () => {
      open++
      most = Math.max(most, open)
      await Promise.resolve()
      open--
      return tensor('float32', [1], new Float32Array([index]))
    },
  }))
  await writeSafetensorsFrom(path('one-by-one.safetensors'), sources)
  expect(most).toBe(1)
})
