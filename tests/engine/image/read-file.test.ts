import { truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readImageFile } from '../../../src/engine/image'
import { temporaryFolder } from '../../helpers/folders'
import { thrownBy } from '../../helpers/thrown'

describe('readImageFile', () => {
  it('gives the bytes of a file whose name looks like loader options', async () => {
    const folder = await temporaryFolder({ 'a.jpg': 'other', 'a.jpg[shrink=8]': 'this one' })
    expect((await readImageFile(join(folder, 'a.jpg[shrink=8]'))).toString()).toBe('this one')
  })

  it.each([
    ['a folder', 'folder', 'NOT_A_FILE'],
    ['nothing', 'absent.jpg', 'SOURCE_UNAVAILABLE'],
    ['a file of more than a gigabyte', 'huge.tif', 'IMG_TOO_LARGE'],
  ])('refuses %s', async (_name, path, code) => {
    const folder = await temporaryFolder({ 'folder/x': '', 'huge.tif': '' })
    // Sparse: it has the size without taking the space.
    await truncate(join(folder, 'huge.tif'), 1024 ** 3 + 1)
    expect(await thrownBy(() => readImageFile(join(folder, path)))).toMatchObject({ code })
  })
})
