import { link, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { LibraryEvent } from '../../../src/engine/contract'
import type { Libraries } from '../../../src/engine/library'
import { temporaryFolder } from '../../helpers/folders'
import { newLibraries, ofKind, openFolder, until } from '../../helpers/libraries'
import { memoryFiles } from '../../helpers/memory-files'
import { jpegPicture } from '../../helpers/pictures'

interface Followed {
  readonly folder: string
  readonly libraries: Libraries
  readonly libraryId: string
  readonly events: readonly LibraryEvent[]
  readonly files: ReturnType<typeof memoryFiles>
}

async function follow(): Promise<Followed> {
  const folder = await temporaryFolder({ 'a.jpg': await jpegPicture(30, 20), 'sub/b.jpg': await jpegPicture(40, 20), 'sub/deep/c.jpg': await jpegPicture(50, 20) })
  const files = memoryFiles()
  const events: LibraryEvent[] = []
  const libraries = await newLibraries({ files, onChanged: (changes) => events.push(...changes.events) })
  const { summary } = await openFolder(folder, libraries)
  return { folder, libraries, libraryId: summary.libraryId, events, files }
}

/** Pictures by path: their width once they have been read, or that they are gone. */
const state = ({ libraries, libraryId }: Followed): Record<string, number | 'gone'> =>
  Object.fromEntries(libraries.images(libraryId).map(({ relativePath, gone, width }) => [relativePath, gone ? 'gone' : width]))

const becomes = async (followed: Followed, expected: Record<string, number | 'gone'>): Promise<void> => {
  await until(() => JSON.stringify(Object.entries(state(followed)).sort()) === JSON.stringify(Object.entries(expected).sort()), 10_000).catch(() => undefined)
  expect(state(followed)).toEqual(expected)
}

describe('an open folder', () => {
  it('tells what is added, changed, moved and deleted in it, each row keeping its picture', async () => {
    const followed = await follow()
    const { folder, libraries, libraryId, events, files } = followed
    const before = libraries.images(libraryId).map(({ id }) => id)
    await writeFile(join(folder, 'sub/new.jpg'), await jpegPicture(60, 20))
    await writeFile(join(folder, 'a.jpg'), await jpegPicture(70, 20))
    await rename(join(folder, 'sub/b.jpg'), join(folder, 'moved.jpg'))
    await rm(join(folder, 'sub/deep/c.jpg'))
    await becomes(followed, { 'a.jpg': 70, 'sub/b.jpg': 'gone', 'sub/deep/c.jpg': 'gone', 'sub/new.jpg': 60, 'moved.jpg': 40 })
    await until(() => ofKind(events, 'checked').flatMap(({ checks }) => checks).length === 3)
    const images = libraries.images(libraryId)
    const row = (path: string): number => images.findIndex(({ relativePath }) => relativePath === path)
    expect({
      kept: images.slice(0, 3).map(({ id }) => id),
      found: new Set(ofKind(events, 'found').flatMap(({ images: found }) => found.map(({ relativePath }) => relativePath))),
      changed: ofKind(events, 'changed').flatMap(({ ids }) => ids),
      gone: new Set(ofKind(events, 'gone').flatMap(({ ids }) => ids)),
      sameHash: images[row('moved.jpg')]?.hash === images[row('sub/b.jpg')]?.hash,
    }).toEqual({ kept: before, found: new Set(['moved.jpg', 'sub/new.jpg']), changed: [before[row('a.jpg')]], gone: new Set([before[row('sub/b.jpg')], before[row('sub/deep/c.jpg')]]), sameHash: true })
    await libraries.dispose()
    expect((await files.list(folder)).map(({ relativePath, width }) => [relativePath, width])).toEqual([['a.jpg', 70], ['moved.jpg', 40], ['sub/b.jpg', 40], ['sub/deep/c.jpg', 50], ['sub/new.jpg', 60]])
  })

  it('follows folders that come, go and come back', async () => {
    const followed = await follow()
    const { folder } = followed
    await rename(join(folder, 'sub'), `${folder}-sub`)
    await becomes(followed, { 'a.jpg': 30, 'sub/b.jpg': 'gone', 'sub/deep/c.jpg': 'gone' })
    await rename(`${folder}-sub`, join(folder, 'sub'))
    await becomes(followed, { 'a.jpg': 30, 'sub/b.jpg': 40, 'sub/deep/c.jpg': 50 })
    await mkdir(join(folder, 'x/y'), { recursive: true })
    await writeFile(join(folder, 'x/y/d.jpg'), await jpegPicture(80, 20))
    await becomes(followed, { 'a.jpg': 30, 'sub/b.jpg': 40, 'sub/deep/c.jpg': 50, 'x/y/d.jpg': 80 })
    // Of a folder that has come, or come back, every change is heard of as well.
    await writeFile(join(folder, 'x/y/e.jpg'), await jpegPicture(90, 20))
    await writeFile(join(folder, 'sub/deep/f.jpg'), await jpegPicture(91, 20))
    await becomes(followed, { 'a.jpg': 30, 'sub/b.jpg': 40, 'sub/deep/c.jpg': 50, 'x/y/d.jpg': 80, 'x/y/e.jpg': 90, 'sub/deep/f.jpg': 91 })
  })

  it('hears of names that are not UTF-8', async () => {
    const followed = await follow()
    const path = Buffer.concat([Buffer.from(`${followed.folder}/sub/`), Buffer.from([0x63, 0x61, 0x66, 0xe9, 0x2e, 0x6a, 0x70, 0x67])])
    await writeFile(path, await jpegPicture(77, 20))
    await becomes(followed, { 'a.jpg': 30, 'sub/b.jpg': 40, 'sub/deep/c.jpg': 50, 'sub/caf\\xE9.jpg': 77 })
    await rm(path)
    await becomes(followed, { 'a.jpg': 30, 'sub/b.jpg': 40, 'sub/deep/c.jpg': 50, 'sub/caf\\xE9.jpg': 'gone' })
  })

  it('passes over hidden files and other types, tells a link once, and takes a hard link for the file it is', async () => {
    const followed = await follow()
    const { folder, events } = followed
    await writeFile(join(folder, 'notes.txt'), 'x')
    await mkdir(join(folder, '.cache'))
    await writeFile(join(folder, '.cache/x.jpg'), 'x')
    await symlink('a.jpg', join(folder, 'link.jpg'))
    await link(join(folder, 'sub/b.jpg'), join(folder, 'hard.jpg'))
    await writeFile(join(folder, 'last.jpg'), await jpegPicture(99, 20))
    await until(() => state(followed)['last.jpg'] === 99)
    expect({ skipped: [...new Set(ofKind(events, 'skipped').map(({ problem }) => problem.relativePath))], names: Object.keys(state(followed)).filter((name) => !['hard.jpg', 'sub/b.jpg'].includes(name)).sort() }).toEqual({ skipped: ['link.jpg'], names: ['a.jpg', 'last.jpg', 'sub/deep/c.jpg'] })
    // Which of its names a file is told under only the scan knows that follows.
    await until(() => Object.entries(state(followed)).filter(([name, width]) => ['hard.jpg', 'sub/b.jpg'].includes(name) && width !== 'gone').length === 1)
  })

  it('tells nothing as gone when all of it goes, and goes on when it is back', async () => {
    const followed = await follow()
    const { folder, events } = followed
    await rename(folder, `${folder}-away`)
    await new Promise((resolve) => setTimeout(resolve, 700))
    expect({ gone: ofKind(events, 'gone'), state: state(followed) }).toEqual({ gone: [], state: { 'a.jpg': 30, 'sub/b.jpg': 40, 'sub/deep/c.jpg': 50 } })
    await writeFile(join(`${folder}-away`, 'sub/new.jpg'), await jpegPicture(61, 20))
    await rename(`${folder}-away`, folder)
    await becomes(followed, { 'a.jpg': 30, 'sub/b.jpg': 40, 'sub/deep/c.jpg': 50, 'sub/new.jpg': 61 })
  })

  it('is left alone once it is closed', async () => {
    const followed = await follow()
    const { folder, libraries, libraryId, events } = followed
    libraries.close(libraryId)
    await writeFile(join(folder, 'late.jpg'), await jpegPicture(30, 20))
    await new Promise((resolve) => setTimeout(resolve, 700))
    expect(events).toEqual([])
  })
})
