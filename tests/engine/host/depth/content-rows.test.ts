/** @file Numbers under contents in a file that grows: what is added is there, what is torn or damaged is not, and nothing else is lost by it. */
import { appendFile, open, readFile, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createContentRows, type ContentRows } from '../../../../src/engine/host/depth/content-rows'
import { temporaryFolder } from '../../../helpers/folders'
import { thrownBy } from '../../../helpers/thrown'

const hashOf = (index: number): string => index.toString(16).padStart(64, '0')
const rowsOf = (from: number, to: number): Map<string, Float32Array> => new Map(Array.from({ length: to - from }, (_, at) => [hashOf(from + at), Float32Array.of(from + at + 0.5, -(from + at), at === 0 ? NaN : 1)]))
const recordBytes = 32 + 3 * 4 + 4

async function all(rows: ContentRows): Promise<[string, number[]][]> {
  const found: [string, number[]][] = []
  for await (const [hash, row] of rows.scan()) found.push([hash, [...row]])
  return found
}
const expected = (from: number, to: number): [string, number[]][] => [...rowsOf(from, to)].map(([hash, row]) => [hash, [...row]])

it('has nothing before something is added, and adds without touching what is there', async () => {
  const path = join(await temporaryFolder(), 'below', 'a.numbers')
  const rows = createContentRows(path, 3)
  expect(await all(rows)).toEqual([])
  await rows.append(rowsOf(0, 5))
  const before = await readFile(path)
  await Promise.all([rows.append(rowsOf(5, 6)), rows.append(rowsOf(6, 9)), rows.append(new Map())])
  expect((await readFile(path)).subarray(0, before.length).equals(before)).toBe(true)
  expect(await all(createContentRows(path, 3))).toEqual([...expected(0, 5), ...expected(5, 6), ...expected(6, 9)])
})

it('takes up about as many bytes as it holds, however often it is added to', async () => {
  const path = join(await temporaryFolder(), 'a.numbers')
  const rows = createContentRows(path, 3)
  for (let index = 0; index < 50; index++) await rows.append(rowsOf(index, index + 1))
  expect((await stat(path)).size).toBe(50 * recordBytes)
})

it('gives the later of two rows of one content later, and only those that are wanted', async () => {
  const rows = createContentRows(join(await temporaryFolder(), 'a.numbers'), 1)
  await rows.append(new Map([[hashOf(1), Float32Array.of(1)]]))
  await rows.append(new Map([[hashOf(1), Float32Array.of(2)]]))
  expect(await all(rows)).toEqual([[hashOf(1), [1]], [hashOf(1), [2]]])
  await rows.append(new Map([[hashOf(2), Float32Array.of(3)]]))
  const some: string[] = []
  for await (const [hash] of rows.scan(new Set([hashOf(2), hashOf(9)]))) some.push(hash)
  expect(some).toEqual([hashOf(2)])
})

it.each([1, 20, recordBytes - 1])('is whole again after a write that broke off behind %i bytes of a record', async (torn) => {
  const path = join(await temporaryFolder(), 'a.numbers')
  await createContentRows(path, 3).append(rowsOf(0, 4))
  await truncate(path, 3 * recordBytes + torn)
  const rows = createContentRows(path, 3)
  expect(await all(rows)).toEqual(expected(0, 3))
  await rows.append(rowsOf(7, 9))
  expect(await all(rows)).toEqual([...expected(0, 3), ...expected(7, 9)])
})

it('passes by a record that is not as it was written, and no other', async () => {
  const path = join(await temporaryFolder(), 'a.numbers')
  const rows = createContentRows(path, 3)
  await rows.append(rowsOf(0, 4))
  const handle = await open(path, 'r+')
  await handle.write(Buffer.of(0x55), 0, 1, recordBytes + 33)
  await handle.close()
  await appendFile(path, Buffer.alloc(recordBytes))
  expect(await all(rows)).toEqual([...expected(0, 1), ...expected(0, 4).slice(2)])
})

it('reads more than fits into memory at once', async () => {
  const rows = createContentRows(join(await temporaryFolder(), 'a.patches'), 1000)
  const many = new Map(Array.from({ length: 700 }, (_, index) => [hashOf(index), new Float32Array(1000).fill(index)]))
  await rows.append(many)
  expect((await all(rows)).map(([hash, row]) => [hash, row[999]])).toEqual(Array.from({ length: 700 }, (_, index) => [hashOf(index), index]))
})

it('says which file cannot be written', async () => {
  const folder = await temporaryFolder()
  expect(await thrownBy(() => createContentRows(folder, 3).append(rowsOf(0, 1)))).toMatchObject({ code: 'DISK', message: expect.stringContaining(folder) as string })
})
