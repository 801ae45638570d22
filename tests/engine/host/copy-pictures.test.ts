import { readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { CopyEvent } from '../../../src/engine/contract'
import { numberedName } from '../../../src/engine/host/copy-file'
import { copyPictures, type CopyPicturesRequest } from '../../../src/engine/host/copy-pictures'
import { temporaryFolder, type FileTree } from '../../helpers/folders'
import { thrownBy } from '../../helpers/thrown'
import { interceptFs, systemError } from '../train/run/support/faulty-fs'

type Picture = CopyPicturesRequest['images'][number]

let restore: () => void = () => undefined
afterEach(() => {
  restore()
})

const content = (name: string): Buffer => Buffer.from(`the bytes of ${name}`.repeat(50))

/** A folder with these pictures in it, and an empty one to copy to. */
async function world(names: readonly (string | Buffer)[], there: FileTree = {}): Promise<{ root: string; folder: string; images: readonly Picture[] }> {
  const root = await temporaryFolder(Object.fromEntries(names.flatMap((name) => (typeof name === 'string' ? [[name, content(name)]] : []))))
  const images = names.map((name): Picture => {
    const path = typeof name === 'string' ? join(root, name) : Buffer.concat([Buffer.from(`${root}/`), name])
    return { path, relativePath: name.toString(), sizeBytes: 100, gone: false }
  })
  for (const name of names) if (typeof name !== 'string') await writeFile(Buffer.concat([Buffer.from(`${root}/`), name]), content('bytes'))
  return { root, folder: await temporaryFolder(there), images }
}

function copy(request: Omit<CopyPicturesRequest, 'keepFolders'>, { keepFolders = false, signal = new AbortController().signal, emit = (_: CopyEvent): void => undefined } = {}) {
  return copyPictures({ ...request, keepFolders }, { signal, emit })
}

const filesBelow = async (folder: string): Promise<string[]> => (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1)).sort()

describe('copying pictures', () => {
  it('gives names that clash a number, whatever was there before', async () => {
    const made = await world(['a.jpg', 'deep/a.jpg', 'other/a.jpg', 'b'], { 'a.jpg': 'theirs', 'a (3).jpg': 'theirs too' })
    expect(await copy(made)).toEqual({ copied: 4, folder: made.folder, skipped: [] })
    const read = async (name: string): Promise<string> => (await readFile(join(made.folder, name))).toString()
    expect(await filesBelow(made.folder)).toEqual(['a (2).jpg', 'a (3).jpg', 'a (4).jpg', 'a (5).jpg', 'a.jpg', 'b'])
    expect([await read('a.jpg'), await read('a (3).jpg'), await read('a (2).jpg'), await read('a (4).jpg'), await read('a (5).jpg')]).toEqual([
      'theirs',
      'theirs too',
      ...['a.jpg', 'deep/a.jpg', 'other/a.jpg'].map((name) => content(name).toString()),
    ])
  })

  it('keeps sub-folders when asked to, and the times of the files', async () => {
    const made = await world(['a.jpg', 'deep/er/a.jpg'])
    await utimes(join(made.root, 'a.jpg'), 1_000_000, 2_000_000)
    expect(await copy(made, { keepFolders: true })).toMatchObject({ copied: 2 })
    expect(await filesBelow(made.folder)).toEqual(['a.jpg', 'deep/er/a.jpg'])
    expect((await stat(join(made.folder, 'a.jpg'))).mtimeMs).toBe(2_000_000_000)
  })

  it('copies names that are no text, and names as long as can be', async () => {
    const foreign = Buffer.from('caf\xe9.jpg', 'latin1')
    const long = `${'n'.repeat(251)}.jpg`
    const made = await world([foreign, long])
    expect(await copy(made)).toMatchObject({ copied: 2, skipped: [] })
    expect((await readdir(made.folder, 'buffer')).map((name) => name.toString('latin1')).sort()).toEqual(['caf\xe9.jpg', long])
    // Once more, there is no room for a number in the long name.
    expect(await copy(made)).toMatchObject({ copied: 1, skipped: [{ relativePath: long, code: 'DISK', reason: expect.stringContaining('ENAMETOOLONG') }] })
    expect((await readdir(made.folder)).some((name) => name.includes('partial'))).toBe(false)
  })

  it('tells what cannot be copied and goes on', async () => {
    const made = await world(['a.jpg', 'gone.jpg', 'missing.jpg', 'folder.jpg/inside', 'b.jpg'])
    const images = made.images.map((image) => ({ ...image, gone: image.relativePath === 'gone.jpg', path: image.relativePath.startsWith('folder') ? join(made.root, 'folder.jpg') : image.path }))
    const events: CopyEvent[] = []
    const result = await copy({ ...made, images: images.map((image) => (image.relativePath === 'missing.jpg' ? { ...image, path: join(made.root, 'nowhere.jpg') } : image)) }, { emit: (event) => events.push(event) })
    expect({ copied: result.copied, skipped: result.skipped.map(({ relativePath, code }) => `${relativePath} ${code}`) }).toEqual({
      copied: 2,
      skipped: ['gone.jpg SOURCE_UNAVAILABLE', 'missing.jpg SOURCE_UNAVAILABLE', 'folder.jpg/inside NOT_A_FILE'],
    })
    expect(events.filter(({ kind }) => kind === 'skipped').length).toBe(3)
    expect(events.at(-1)).toMatchObject({ kind: 'progress', done: 5, total: 5 })
  })

  it('refuses a folder inside the opened one, one that is none, and one without room', async () => {
    const made = await world(['a.jpg', 'deep/b.jpg'])
    const into = (folder: string, sizeBytes = 100) => thrownBy(() => copy({ ...made, folder, images: made.images.map((image) => ({ ...image, sizeBytes })) }))
    expect(await into(made.root)).toMatchObject({ code: 'FORBIDDEN' })
    expect(await into(join(made.root, 'deep'))).toMatchObject({ code: 'FORBIDDEN' })
    await symlink(join(made.root, 'deep'), join(made.folder, 'link'))
    expect(await into(join(made.folder, 'link'))).toMatchObject({ code: 'FORBIDDEN' })
    expect(await into(join(made.root, 'a.jpg'))).toMatchObject({ code: 'BAD_REQUEST' })
    expect(await into(join(made.folder, 'nowhere'))).toMatchObject({ code: 'SOURCE_UNAVAILABLE' })
    expect(await into(made.folder, 2 ** 50)).toMatchObject({ code: 'DISK', message: expect.stringContaining('nothing was copied') })
    expect(await filesBelow(made.folder)).toEqual([])
  })

  it('follows no link out of the folder and writes nothing into the opened one by a way round', async () => {
    const made = await world(['deep/a.jpg', 'b.jpg'])
    const away = await temporaryFolder()
    await symlink(away, join(made.folder, 'deep'))
    expect(await copy(made, { keepFolders: true })).toMatchObject({ copied: 1, skipped: [{ relativePath: 'deep/a.jpg', code: 'FORBIDDEN' }] })
    expect(await readdir(away)).toEqual([])
    // The opened folder lies in the one copied to, and has a folder of its own name in it.
    const outer = await temporaryFolder({ 'lib/lib/a.jpg': content('a') })
    const image = { path: join(outer, 'lib/lib/a.jpg'), relativePath: 'lib/a.jpg', sizeBytes: 1, gone: false }
    expect(await copy({ root: join(outer, 'lib'), folder: outer, images: [image] }, { keepFolders: true })).toMatchObject({ copied: 0, skipped: [{ code: 'FORBIDDEN' }] })
    expect(await filesBelow(outer)).toEqual(['lib/lib/a.jpg'])
  })

  it('passes over a file that lies where a folder should be', async () => {
    const made = await world(['deep/a.jpg', 'b.jpg'], { deep: 'a file' })
    expect(await copy(made, { keepFolders: true })).toMatchObject({ copied: 1, skipped: [{ relativePath: 'deep/a.jpg', code: 'DISK' }] })
  })

  it('leaves only whole files when it is cancelled', async () => {
    const made = await world(Array.from({ length: 20 }, (_, index) => `${index}.jpg`))
    const controller = new AbortController()
    let written = 0
    restore = interceptFs((operation) => {
      if (operation === 'handle.writeFile' && ++written === 6) controller.abort(new Error('enough'))
    })
    expect(await thrownBy(() => copy(made, { signal: controller.signal }))).toEqual(new Error('enough'))
    restore()
    const names = await filesBelow(made.folder)
    expect(names).toEqual(['0.jpg', '1.jpg', '2.jpg', '3.jpg', '4.jpg'])
    for (const name of names) expect(await readFile(join(made.folder, name))).toEqual(content(name))
  })

  it.each(['ENOSPC', 'EIO', 'EROFS'])('ends when the disk says %s, with what was copied', async (code) => {
    const made = await world(['0.jpg', '1.jpg', '2.jpg'])
    let written = 0
    restore = interceptFs((operation) => {
      if (operation === 'handle.writeFile' && ++written === 3) throw systemError(code, 'write')
    })
    expect(await thrownBy(() => copy(made))).toMatchObject({ code: 'DISK', message: expect.stringMatching(/; 2 of 3 pictures have been copied$/), detail: { path: made.folder, code, copied: 2 } })
    restore()
    expect(await filesBelow(made.folder)).toEqual(['0.jpg', '1.jpg'])
  })

  it('takes names without links where the file system has none, and replaces nothing', async () => {
    const made = await world(['a.jpg', 'deep/a.jpg'], { 'a.jpg': 'theirs' })
    restore = interceptFs((operation) => {
      if (operation === 'link') throw systemError('EPERM', 'link')
    })
    expect(await copy(made)).toMatchObject({ copied: 2 })
    restore()
    expect(await filesBelow(made.folder)).toEqual(['a (2).jpg', 'a (3).jpg', 'a.jpg'])
    expect((await readFile(join(made.folder, 'a.jpg'))).toString()).toBe('theirs')
    expect(await readFile(join(made.folder, 'a (2).jpg'))).toEqual(content('a.jpg'))
  })
})

describe('numbered names', () => {
  it.each([
    ['photo.jpg', 2, 'photo (2).jpg'],
    ['archive.tar.gz', 3, 'archive.tar (3).gz'],
    ['no extension', 2, 'no extension (2)'],
    ['.hidden', 2, '.hidden (2)'],
    ['photo.jpg', 1, 'photo.jpg'],
  ])('%s, %i', (name, number, expected) => {
    expect(numberedName(Buffer.from(name), number).toString()).toBe(expected)
  })
})
