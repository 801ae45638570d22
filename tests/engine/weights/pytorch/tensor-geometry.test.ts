import { describe, expect, test } from 'vitest'
import { bytesAsSource } from '../../../../src/engine/weights/bytes/byte-source'
import { readCheckpoint } from '../../../../src/engine/weights/open-checkpoint'
import { errorOf } from '../support/files'
import { callOf, op, pickle, pushValue } from '../support/pickle-writer'
import { legacyFile, pushStorage, pushView, torchArchive } from '../support/torch-writer'

/** Four float32 elements as storage 0. */
const storage = pushStorage('FloatStorage', '0', 4)
const record = Buffer.from(new Float32Array([1, 2, 3, 4]).buffer)

const dictOf = (...tensors: readonly Buffer[]): Buffer => pickle(pushValue(new Map(tensors.map((tensor, index) => [`tensor${index}`, tensor]))))
const open = (main: Buffer): ReturnType<typeof readCheckpoint> =>
  readCheckpoint(bytesAsSource('evil.pth', torchArchive(main, new Map([['0', record]]))))

describe('a tensor that leaves its storage, or a storage that leaves its record, is refused before anything is read', () => {
  test.each([
    ['an offset past the end', pushView(storage, 4, [1], [1])],
    ['a size past the end', pushView(storage, 0, [5], [1])],
    ['offset and size together past the end', pushView(storage, 2, [3], [1])],
    ['a stride past the end', pushView(storage, 0, [2], [4])],
    ['two axes past the end', pushView(storage, 0, [2, 2], [2, 2])],
    ['a negative offset', pushView(storage, -1, [1], [1])],
    ['a negative size', pushView(storage, 0, [-1], [1])],
    ['a negative stride', pushView(storage, 3, [4], [-1])],
    ['an offset of 2^63', pushView(storage, 2n ** 63n, [1], [1])],
    ['sizes whose product wraps to zero in 64 bits', pushView(storage, 0, [2n ** 32n, 2n ** 32n], [0, 0])],
    ['a stride that wraps to zero in 64 bits', pushView(storage, 0, [2, 2n], [2n ** 63n, 2n ** 63n])],
    ['more elements than the storage, by a stride of zero', pushView(storage, 0, [2n ** 40n], [0])],
    ['an empty tensor outside', pushView(storage, 5, [0], [1])],
    ['an empty tensor of absurd size', pushView(storage, 0, [0, 2n ** 100n], [1, 1])],
    ['a fractional size', callOf('torch._utils', '_rebuild_tensor_v2', storage, 0, { tuple: [1.5] }, { tuple: [1] }, false, op.none)],
    ['a size that is no tuple', callOf('torch._utils', '_rebuild_tensor_v2', storage, 0, 4, { tuple: [1] }, false, op.none)],
    ['more strides than sizes', pushView(storage, 0, [4], [1, 1])],
    ['a hundred axes', pushView(storage, 0, Array<number>(100).fill(1), Array<number>(100).fill(1))],
    ['a text instead of a storage', callOf('torch._utils', '_rebuild_tensor_v2', '0', 0, { tuple: [4] }, { tuple: [1] }, false, op.none)],
    ['2^40 elements over a record of 16 bytes', pushView(pushStorage('FloatStorage', '0', 2n ** 40n), 0, [4], [1])],
    ['one element more than the record', pushView(pushStorage('FloatStorage', '0', 5), 0, [4], [1])],
    ['one element less than the record', pushView(pushStorage('FloatStorage', '0', 3), 0, [3], [1])],
    ['a negative number of elements', pushView(pushStorage('FloatStorage', '0', -4), 0, [4], [1])],
    ['a type that makes the record too short', pushView(pushStorage('DoubleStorage', '0', 4), 0, [4], [1])],
    ['a storage that is not in the file', pushView(pushStorage('FloatStorage', '7', 4), 0, [4], [1])],
    ['a storage key that climbs', pushView(pushStorage('FloatStorage', '../../x', 4), 0, [4], [1])],
    ['a storage key of another entry', pushView(pushStorage('FloatStorage', '../version', 4), 0, [4], [1])],
    ['an empty storage key', pushView(pushStorage('FloatStorage', '', 4), 0, [4], [1])],
    ['a sparse tensor', callOf('torch._utils', '_rebuild_sparse_tensor', 1, { tuple: [storage] })],
    ['a sparse CSR tensor', callOf('torch._utils', '_rebuild_sparse_csr_tensor', 1, { tuple: [storage] })],
  ])('%s', async (_what, tensor) => {
    expect(await errorOf(open(dictOf(tensor)))).toMatchObject({ code: 'TENSOR_GEOMETRY', detail: { path: 'evil.pth' } })
  })

  test('one storage described in two ways', async () => {
    const other = pushView(pushStorage('IntStorage', '0', 4), 0, [4], [1])
    expect(await errorOf(open(dictOf(pushView(storage, 0, [4], [1]), other)))).toMatchObject({ code: 'TENSOR_GEOMETRY' })
  })

  test('no storage is read meanwhile', async () => {
    const large = Buffer.alloc(2 ** 16, 'storage')
    const bytes = torchArchive(dictOf(pushView(pushStorage('ByteStorage', '0', large.length), 1, [large.length], [1])), new Map([['0', large]]))
    // The first and last bytes of a file tell its format, so only the middle of the storage is watched.
    const watchedAt = bytes.indexOf(large) + large.length / 2
    const source = bytesAsSource('evil.pth', bytes)
    const reads: (readonly [offset: number, length: number])[] = []
    const error = await errorOf(readCheckpoint({ ...source, read: (offset, length) => (reads.push([offset, length]), source.read(offset, length)) }))
    expect(error.code).toBe('TENSOR_GEOMETRY')
    expect(reads.length).toBeGreaterThan(5)
    expect(reads.filter(([offset, length]) => offset <= watchedAt && offset + length > watchedAt)).toEqual([])
  })
})

test('the largest view that fits is read, in any order of its axes', async () => {
  const checkpoint = await open(dictOf(pushView(storage, 0, [2, 2], [1, 2]), pushView(storage, 3, [1, 1], [99, 99]), pushView(storage, 4, [0], [1])))
  const tensors = await Promise.all(Array.from(checkpoint.groups.get('')?.values() ?? [], (source) => source.read()))
  expect(tensors).toEqual([
    { dtype: 'float32', shape: [2, 2], data: new Float32Array([1, 3, 2, 4]) },
    { dtype: 'float32', shape: [1, 1], data: new Float32Array([4]) },
    { dtype: 'float32', shape: [0], data: new Float32Array([]) },
  ])
})

describe('storages of the legacy format', () => {
  const legacyStorage = pushStorage('FloatStorage', '0', 4, true)
  const main = dictOf(pushView(legacyStorage, 0, [4], [1]))
  const kept = { key: '0', bytes: record, elements: 4 }
  const openLegacy = (bytes: Buffer): ReturnType<typeof readCheckpoint> => readCheckpoint(bytesAsSource('evil.pth', bytes))

  test('are read where they fit', async () => {
    const checkpoint = await openLegacy(legacyFile(main, [kept]))
    expect(await checkpoint.groups.get('')?.get('tensor0')?.read()).toEqual({ dtype: 'float32', shape: [4], data: new Float32Array([1, 2, 3, 4]) })
  })

  test.each([
    ['another count before the data', legacyFile(main, [{ ...kept, elements: 5 }])],
    ['an absurd count before the data', legacyFile(main, [{ ...kept, elements: Number.MAX_SAFE_INTEGER }])],
    ['data that is cut off', legacyFile(main, [kept]).subarray(0, -1)],
    ['data that goes on', Buffer.concat([legacyFile(main, [kept]), Buffer.alloc(1)])],
    ['a storage nobody uses', legacyFile(main, [kept, { ...kept, key: '1' }])],
    ['a storage that is not listed', legacyFile(main, [])],
    ['a storage that is listed twice', legacyFile(main, [kept, kept])],
    ['2^40 elements', legacyFile(dictOf(pushView(pushStorage('FloatStorage', '0', 2n ** 40n, true), 0, [4], [1])), [kept])],
  ])('are refused: %s', async (_what, bytes) => {
    expect(await errorOf(openLegacy(bytes))).toMatchObject({ code: 'TENSOR_GEOMETRY' })
  })
})
