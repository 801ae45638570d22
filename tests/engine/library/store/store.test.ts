/** @file What is kept comes back as it was given. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openStore, type Store, type StoredFile } from '../../../../src/engine/library'
import { fileOf, hashOf, key, manyVectors, vectorsOf } from './support/rows'

let scratch = ''
let count = 0
beforeAll(async () => (scratch = await mkdtemp(join(tmpdir(), 'dinoscope-store-'))))
afterAll(() => rm(scratch, { recursive: true, force: true }))

async function withStore<T>(work: (store: Store, folder: string) => Promise<T>, folder = join(scratch, `workspace ${count++}`)): Promise<T> {
  const store = await openStore(folder, { mode: 'write' })
  try {
    return await work(store, folder)
  } finally {
    await store.close()
  }
}

test('vectors come back as they were given, after the store has been opened again', async () => {
  const rows = manyVectors(300)
  const folder = await withStore(async (store, at) => {
    const table = await store.vectors(key)
    await table.append(rows.slice(0, 100))
    await table.append(rows.slice(50))
    return at
  })
  await withStore(async (store) => {
    const table = await store.vectors(key)
    expect(new Set(await table.hashes())).toEqual(new Set(rows.map(({ hash }) => hash)))
    const asked = [hashOf(7), hashOf(999), hashOf(299), hashOf(7), hashOf(0)]
    const { found, matrix } = await table.read(asked, 'cls+mean')
    expect(found).toEqual(Uint32Array.of(0, 2, 3, 4))
    expect(matrix).toEqual(Float32Array.from([7, 299, 7, 0].flatMap((number) => [...vectorsOf(number).cls, ...vectorsOf(number).mean])))
    const all = await table.read(rows.map(({ hash }) => hash), 'mean')
    expect(all).toEqual({ found: Uint32Array.from(rows.keys()), matrix: Float32Array.from(rows.flatMap(({ mean }) => [...mean])) })
    expect(await store.models()).toEqual([key])
  }, folder)
})

function byPath(files: readonly StoredFile[]): readonly StoredFile[] {
  return [...files].sort((left, right) => (left.relativePath < right.relativePath ? -1 : 1))
}

test('files come back as they were put; put replaces, remove and forget take away', async () => {
  const files = Array.from({ length: 60 }, (_, number) => fileOf(number))
  await withStore(async (store, folder) => {
    await store.files.put(files.slice(30))
    await store.files.put(files.slice(0, 40))
    const changed = { ...files[31]!, sizeBytes: 5, hash: hashOf(1000) }
    const elsewhere = fileOf(2, "/other's\nroot")
    await store.files.put([{ ...changed, sizeBytes: 4 }, elsewhere, changed])
    await store.files.remove('/pictures', [files[3]!.relativePath, 'not there'])
    const expected = files.filter((_, number) => number !== 3).map((file) => (file.relativePath === changed.relativePath ? changed : file))
    expect(byPath(await store.files.list('/pictures'))).toEqual(expected)
    expect(await store.files.roots()).toEqual([{ root: "/other's\nroot", files: 1 }, { root: '/pictures', files: 59 }])
    await store.close()
    await withStore(async (again) => {
      expect(byPath(await again.files.list('/pictures'))).toEqual(expected)
      await again.files.forget('/pictures')
      expect(await again.files.list('/pictures')).toEqual([])
      expect(await again.files.list("/other's\nroot")).toEqual([elsewhere])
    }, folder)
  })
})
