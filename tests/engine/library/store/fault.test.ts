/** @file The file system refuses: whatever is acknowledged is there afterwards, and what fails says so. */
import { cp, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemCodeOf } from '../../../../src/engine/library/store/lance'
import { openStore } from '../../../../src/engine/library'
import { thrownBy } from '../../../helpers/thrown'
import { interceptFs, systemError } from '../../train/run/support/faulty-fs'
import { fileOf, hashOf, key, manyVectors, vectorsOf } from './support/rows'
import { useScratch, vectorsFolder, withStore } from './support/scratch'

const scratch = useScratch()

test.each(['EIO', 'ENOSPC'])('when any one change of the disk fails with %s, each append fails cleanly or holds', async (code) => {
  const made = scratch('made')
  await withStore(made, async (store) => (await store.vectors(key)).append(manyVectors(5)))
  let failures = 0
  for (let failing = 0, failed = true; failed; failing++) {
    const folder = scratch('faulty')
    await cp(made, folder, { recursive: true })
    const acknowledged = new Set([0, 1, 2, 3, 4])
    const store = await openStore(folder, { mode: 'write' })
    const table = await store.vectors(key)
    let operation = 0
    failed = false
    const restore = interceptFs((name) => {
      if (operation++ !== failing) return
      failed = true
      throw systemError(code, name)
    })
    try {
      for (const number of [5, 6]) {
        const error = await table.append([vectorsOf(number)]).catch((thrown: unknown) => thrown)
        if (error === undefined) acknowledged.add(number)
        else expect(error).toMatchObject({ code: 'DISK', detail: { code } })
      }
    } finally {
      restore()
    }
    if (failed) failures++
    // The same store goes on, and so does the next.
    await table.append([5, 6, 7].map(vectorsOf))
    const all = [...Array(8).keys()].map(hashOf)
    expect((await table.read(all, 'cls')).found).toHaveLength(8)
    await store.close()
    await withStore(folder, async (again, mended) => {
      const { found, matrix } = await (await again.vectors(key)).read(all, 'mean')
      expect(matrix).toEqual(Float32Array.from([...found].flatMap((number) => [...vectorsOf(number).mean])))
      expect({ kept: found.length, mended, missing: [...acknowledged].filter((number) => !found.includes(number)) }).toEqual({ kept: 8, mended: [], missing: [] })
    })
    await rm(folder, { recursive: true })
  }
  expect(failures).toBeGreaterThan(10)
})

test('what LanceDB itself cannot write is told as a failure of the disk, and can be tried again', async () => {
  const folder = scratch('refused')
  await withStore(folder, async (store) => {
    const table = await store.vectors(key)
    await table.append(manyVectors(3))
    const data = join(await vectorsFolder(folder), 'data')
    await rename(data, `${data}-away`)
    await writeFile(data, 'in the way')
    expect(await thrownBy(() => table.append([vectorsOf(3)]))).toMatchObject({ code: 'DISK', message: expect.stringContaining(folder) })
    await rm(data)
    await rename(`${data}-away`, data)
    await table.append([vectorsOf(3)])
    expect((await table.hashes()).size).toBe(4)
  })
})

test('rows whose folder cannot be looked into are not taken for damaged', async () => {
  const folder = scratch('in-the-way')
  await withStore(folder, async (store) => { await (await store.vectors(key)).append(manyVectors(3)) })
  const data = join(await vectorsFolder(folder), 'data')
  await rename(data, `${data}-away`)
  await writeFile(data, 'in the way')
  await withStore(folder, async (store) => {
    const table = await store.vectors(key)
    expect(await thrownBy(() => table.append([vectorsOf(3)]))).toMatchObject({ code: 'DISK' })
    await rm(data)
    await rename(`${data}-away`, data)
    expect((await table.hashes()).size).toBe(3)
  })
})

test('a failure of the system is told from one of the table by what it says', () => {
  const said = (message: string): string | undefined => systemCodeOf(Object.assign(new Error(message), { code: 'GenericFailure' }))
  expect(
    [
      'lance error: LanceError(IO): Generic LocalFileSystem error: Unable to copy data to file: No space left on device (os error 28), /usr/x.rs:1:2',
      'LanceError(IO): Too many open files (os error 24)',
      'Not found: data/x.lance, No such file or directory (os error 2)',
      'file does not appear to be a Lance file (invalid magic)',
    ].map(said),
  ).toEqual(process.platform === 'win32' ? expect.any(Array) : ['ENOSPC', 'EMFILE', undefined, undefined])
  expect(systemCodeOf(systemError('EIO', 'sync'))).toBe('EIO')
})

test('a store that was closed refuses what comes late', async () => {
  const store = await openStore(scratch('closed'), { mode: 'write' })
  const table = await store.vectors(key)
  await table.append(manyVectors(1))
  await store.close()
  expect(await thrownBy(() => table.append(manyVectors(1, 1)))).toMatchObject({ code: 'CANCELLED' })
  expect(await thrownBy(() => store.files.put([fileOf(1)]))).toMatchObject({ code: 'CANCELLED' })
})
