import { cp, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { thrownBy } from '../../../helpers/thrown'
import { damageFile, filesOf, flipBytes, type Damage, type Kind } from './support/damage'
import { dim, fileOf, hashOf, key, manyVectors, patchesOf, vectorsOf } from './support/rows'
import { useScratch, vectorsFolder, withStore } from './support/scratch'

const scratch = useScratch()
const batchRows = 20
const batches = 5
const numbers = Array.from({ length: batches * batchRows }, (_, number) => number)
let whole = ''

beforeAll(async () => {
  whole = scratch('whole')
  await withStore(whole, async (store) => {
    const table = await store.vectors(key)
    for (let batch = 0; batch < batches; batch++) await table.append(manyVectors(batchRows, batch * batchRows))
  })
})

/** Opens a damaged copy twice: what is there, what was told, and that what is missing can be added again and stays. */
async function openAfter(damage: (table: string) => Promise<void>): Promise<{ readonly kept: readonly number[]; readonly told: readonly string[]; readonly folder: string }> {
  const folder = scratch('damaged')
  await cp(whole, folder, { recursive: true, preserveTimestamps: true })
  await damage(await vectorsFolder(folder))
  const read = (numbersAsked: readonly number[]) =>
    withStore(folder, async (store, mended) => {
      const table = await store.vectors(key)
      const missing = numbersAsked.length === 0 ? [] : numbersAsked
      await table.append(missing.map(vectorsOf))
      const { found, matrix } = await table.read(numbers.map(hashOf), 'cls+mean')
      expect(matrix, 'nothing wrong is answered').toEqual(Float32Array.from([...found].flatMap((number) => [...vectorsOf(number).cls, ...vectorsOf(number).mean])))
      expect(new Set(await table.hashes())).toEqual(new Set(Array.from(found, hashOf)))
      return { kept: [...found], told: mended.map(({ what }) => what) }
    })
  const first = await read([])
  const missing = numbers.filter((number) => !first.kept.includes(number))
  expect(await read(missing), 'what is added again stays, and nothing is told twice').toEqual({ kept: numbers, told: [] })
  expect(await read([])).toEqual({ kept: numbers, told: [] })
  return { ...first, folder }
}

const damages: readonly Damage[] = ['emptied', 'cut', 'zeroed']
const allBut = (batch: number): readonly number[] => numbers.filter((number) => Math.floor(number / batchRows) !== batch)
const cases = (kinds: readonly Kind[]) => kinds.flatMap((kind) => damages.map((how) => ({ kind, how })))

describe('after a power cut', () => {
  test.each(damages)('a newest manifest that is %s is put aside, and the version before it is opened', async (how) => {
    const { kept, told, folder } = await openAfter(async (table) => damageFile((await filesOf(table, 'manifest')).at(-1)!, how))
    expect(kept).toEqual(allBut(batches - 1))
    expect(told).toEqual([expect.stringMatching(/^version 6 of the table was damaged .* has been put aside/)])
    expect((await readdir(join(await vectorsFolder(folder), '_versions'))).filter((name) => name.includes('corrupt'))).toHaveLength(1)
  })

  test.each(damages)('two newest manifests that are %s are both put aside', async (how) => {
    const { kept, told } = await openAfter(async (table) => {
      for (const path of (await filesOf(table, 'manifest')).slice(-2)) await damageFile(path, how)
    })
    expect(kept).toEqual(numbers.slice(0, 3 * batchRows))
    expect(told).toHaveLength(2)
  })

  test.each(cases(['transaction']))('a newest $kind that is $how costs nothing', async ({ how }) => {
    const { kept, told } = await openAfter(async (table) => damageFile((await filesOf(table, 'transaction')).at(-1)!, how))
    expect({ kept, told }).toEqual({ kept: numbers, told: [] })
  })

  test.each(damages.flatMap((how) => [0, 2, batches - 1].map((batch) => ({ how, batch }))))('data of batch $batch that are $how cost that batch alone', async ({ how, batch }) => {
    const { kept, told } = await openAfter(async (table) => damageFile((await filesOf(table, 'data'))[batch]!, how))
    expect(kept).toEqual(allBut(batch))
    expect(told).toEqual(['vectors damaged on the disk: 20; they count as missing'])
  })

  test('a data file that is gone costs what it held', async () => {
    const { kept } = await openAfter(async (table) => rm((await filesOf(table, 'data'))[1]!))
    expect(kept).toEqual(allBut(1))
  })

  test('when all data are lost, all are missing and told of once', async () => {
    const { kept, told } = await openAfter(async (table) => {
      for (const path of await filesOf(table, 'data')) await damageFile(path, 'zeroed')
    })
    expect({ kept, told }).toEqual({ kept: [], told: ['vectors damaged on the disk: 100; they count as missing'] })
  })

  test('a table that cannot be opened at any version is put aside whole and begun anew', async () => {
    const { kept, told, folder } = await openAfter(async (table) => {
      for (const path of await filesOf(table, 'manifest')) await damageFile(path, 'zeroed')
    })
    expect(kept).toEqual([])
    expect(told.at(-1)).toMatch(/could not be opened at any version; it has been put aside as .*\.lance\.corrupt-\d+/)
    expect((await readdir(join(folder, 'index'))).filter((name) => name.includes('.lance.corrupt-'))).toHaveLength(1)
  })

  test('files that tell what version is newest are not needed', async () => {
    const { kept, told } = await openAfter(async (table) => writeFile(join(table, '_versions', 'latest_version_hint.json'), ''))
    expect({ kept, told }).toEqual({ kept: numbers, told: [] })
  })

  test('what a process left that was ended while it made a table is cleared away', async () => {
    const { kept, told } = await openAfter(async (table) => {
      for (const part of ['_versions', 'data']) await rm(join(table, part), { recursive: true })
    })
    expect({ kept, told }).toEqual({ kept: [], told: [] })
  })
})

describe('bytes that changed on the disk', () => {
  // A data file begins with one buffer for each column: keys, CLS vectors, their checks, and so on.
  const flipVectors = async (table: string): Promise<void> => flipBytes((await filesOf(table, 'data'))[1]!, 64, 700, 700 + batchRows * dim * 4 - 200)

  test('are found by the check of each row, told of once, and never answered', async () => {
    const { kept, told } = await openAfter(flipVectors)
    const lost = numbers.filter((number) => !kept.includes(number))
    expect(lost.length).toBeGreaterThan(5)
    expect(lost.every((number) => Math.floor(number / batchRows) === 1)).toBe(true)
    expect(told).toEqual([`vectors damaged on the disk: ${lost.length}; they count as missing`])
  })

  test('are found by looking at everything before missing vectors are made', async () => {
    const folder = scratch('verified')
    await cp(whole, folder, { recursive: true, preserveTimestamps: true })
    await flipVectors(await vectorsFolder(folder))
    await withStore(folder, async (store, mended) => {
      const table = await store.vectors(key)
      const damaged = await table.verify()
      expect(damaged).toBeGreaterThan(5)
      expect((await table.hashes()).size).toBe(numbers.length - damaged)
      expect([await table.verify(), mended.length]).toEqual([0, 1])
    })
  })

  test('are no nearest neighbours', async () => {
    const folder = scratch('nearest')
    await cp(whole, folder, { recursive: true, preserveTimestamps: true })
    await flipVectors(await vectorsFolder(folder))
    await withStore(folder, async (store) => {
      const table = await store.vectors(key)
      for (const number of [20, 25, 30, 35]) {
        const near = await table.nearest(vectorsOf(number).cls, 'cls', 100, 'exact')
        const { found } = await table.read(near.map(({ hash }) => hash), 'cls')
        expect(found).toHaveLength(near.length)
      }
      expect((await table.hashes()).size).toBeLessThan(numbers.length)
    })
  })
})

describe('a reader', () => {
  test('passes by damaged data and changes nothing', async () => {
    const folder = scratch('read')
    await cp(whole, folder, { recursive: true, preserveTimestamps: true })
    const table = await vectorsFolder(folder)
    await damageFile((await filesOf(table, 'data'))[2]!, 'zeroed')
    const before = await readdir(folder, { recursive: true })
    await withStore(
      folder,
      async (store, mended) => {
        const { found } = await (await store.vectors(key)).read(numbers.map(hashOf), 'cls')
        expect([...found]).toEqual(allBut(2))
        expect(mended.map(({ what }) => what)).toEqual(['vectors damaged on the disk: 20; they count as missing'])
      },
      'read',
    )
    expect(await readdir(folder, { recursive: true })).toEqual(before)
  })

  test('says what to do about a manifest that only a writer may mend', async () => {
    const folder = scratch('read')
    await cp(whole, folder, { recursive: true, preserveTimestamps: true })
    await damageFile((await filesOf(await vectorsFolder(folder), 'manifest')).at(-1)!, 'zeroed')
    await withStore(
      folder,
      async (store) => {
        const table = await store.vectors(key)
        expect(await thrownBy(() => table.hashes())).toMatchObject({ code: 'DISK', message: expect.stringMatching(/is damaged: .*Open its workspace in the app once, which mends it$/) })
      },
      'read',
    )
  })
})

test('damaged files of folders are left out and can be put again', async () => {
  const folder = scratch('files')
  const files = Array.from({ length: 30 }, (_, number) => fileOf(number))
  await withStore(folder, async (store) => {
    await store.files.put(files)
  })
  const [data] = await filesOf(join(folder, 'index', 'files.lance'), 'data')
  // Somewhere in the paths, which lie behind the keys and roots.
  await flipBytes(data!, 3, 1000, 1600)
  await withStore(folder, async (store, mended) => {
    const left = await store.files.list('/pictures')
    expect(left.length).toBeLessThan(30)
    expect(left.length).toBeGreaterThan(20)
    const byPath = new Map(files.map((file) => [file.relativePath, file]))
    for (const file of left) expect(file).toEqual(byPath.get(file.relativePath))
    // What cannot even be decoded is found first, and told of first.
    const counts = mended.map(({ what }) => Number(/^files damaged on the disk: (\d+); they count as missing$/.exec(what)?.[1]))
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(30 - left.length)
    await store.files.put(files)
    expect(await store.files.list('/pictures')).toHaveLength(30)
  })
})

describe('patch tokens', () => {
  const basis = { dim: 8, dims: 4, mean: Float32Array.from({ length: 8 }, (_, i) => i / 8), axes: Float32Array.from({ length: 32 }, (_, i) => 1 / (i + 1)), explained: 0.75 }

  async function stored(folder: string): Promise<readonly [codes: number, told: readonly string[]]> {
    return withStore(folder, async (store, mended) => {
      const table = await store.patches(key)
      const rows = []
      for await (const some of table.scan(await table.hashes(), new AbortController().signal)) rows.push(...some)
      for (const row of rows) expect([0, 1, 2, 3].map(patchesOf)).toContainEqual(row)
      return [rows.length, mended.map(({ what }) => what)]
    })
  }

  test('outlive damage to one of the files of their basis, and are put aside without both', async () => {
    const folder = scratch('patches')
    await withStore(folder, async (store) => {
      const table = await store.patches(key)
      expect(await thrownBy(() => table.append([patchesOf(0)]))).toMatchObject({ code: 'BAD_REQUEST' })
      await table.setBasis(basis)
      await table.setBasis(basis)
      expect(await thrownBy(() => table.setBasis({ ...basis, explained: 0.5 }))).toMatchObject({ code: 'ALREADY_EXISTS' })
      await table.append([0, 1, 2, 3].map(patchesOf))
      expect(await table.basis()).toEqual(basis)
    })
    expect(await stored(folder)).toEqual([4, []])
    const names = (await readdir(join(folder, 'index'))).filter((name) => name.includes('.basis'))
    expect(names).toHaveLength(2)
    await damageFile(join(folder, 'index', names[0]!), 'zeroed')
    expect(await stored(folder)).toEqual([4, [expect.stringMatching(/has been written again from the other/)]])
    expect(await stored(folder)).toEqual([4, []])
    for (const name of names) await damageFile(join(folder, 'index', name), 'cut')
    expect(await stored(folder)).toEqual([0, [expect.stringMatching(/without it they mean nothing/)]])
    expect(await stored(folder)).toEqual([0, []])
  })
})
