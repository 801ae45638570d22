import { chmod, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { LibraryChanges, LibraryEvent } from '../../../src/engine/contract'
import { temporaryFolder } from '../../helpers/folders'
import { idOf, newLibraries, ofKind, openFolder, until } from '../../helpers/libraries'
import { memoryFiles } from '../../helpers/memory-files'
import { jpegPicture } from '../../helpers/pictures'
import { thrownBy } from '../../helpers/thrown'

const pictures = async (count: number) => Object.fromEntries(await Promise.all(Array.from({ length: count }, async (_, index) => [`${index}.jpg`, await jpegPicture(250, 200 + index)] as const)))

/** A folder that was read once and then taken away. */
async function takenAway() {
  const [files, workspace, place] = [memoryFiles(), await temporaryFolder(), await temporaryFolder()]
  const folder = join(place, 'drive')
  await mkdir(folder)
  for (const [name, bytes] of Object.entries(await pictures(3))) await writeFile(join(folder, name), bytes)
  const first = await newLibraries({ files, workspace })
  await openFolder(folder, first)
  await first.dispose()
  await rename(folder, join(place, 'away'))
  const changes: LibraryChanges[] = []
  const libraries = await newLibraries({ files, workspace, onChanged: (change) => changes.push(change) })
  return { folder, away: join(place, 'away'), libraries, files, changes }
}

/** Nothing is forbidden to root: whoever runs the tests as root does this as a user that has no rights here. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work()
  process.seteuid?.(65_534)
  try {
    return await work()
  } finally {
    process.seteuid?.(0)
  }
}

describe('a folder that cannot be reached', () => {
  it('opens as it was known, all of it gone, with its thumbnails and without its files', async () => {
    const { folder, libraries, files } = await takenAway()
    const opened = await openFolder(folder, libraries)
    const id = idOf(opened, '0.jpg')
    expect({ summary: opened.summary, gone: ofKind(opened.events, 'gone').flatMap(({ ids }) => ids), stored: (await files.list(folder)).length }).toEqual({
      summary: { libraryId: opened.summary.libraryId, images: 3, broken: 0, skipped: 0, gone: 3, offline: true },
      gone: libraries.images(opened.summary.libraryId).map(({ id: its }) => its),
      stored: 3,
    })
    expect(await libraries.render(id, 200)).toMatchObject({ width: 200, height: 160, contentType: 'image/jpeg' })
    expect(await thrownBy(() => libraries.render(id, 1000))).toMatchObject({ code: 'SOURCE_UNAVAILABLE', message: expect.stringMatching(/^0\.jpg: /) })
    expect(await libraries.folders()).toEqual([{ path: folder, name: 'drive', images: 3, online: false, openedAt: expect.stringMatching(/^20/) }])
  })

  it('takes an empty folder in its place, which a drive leaves behind, for its absence', async () => {
    const { folder, libraries } = await takenAway()
    await mkdir(folder)
    expect((await openFolder(folder, libraries)).summary).toMatchObject({ images: 3, gone: 3, offline: true })
  })

  it('is read again when it is back while it is open', async () => {
    const { folder, away, libraries, changes } = await takenAway()
    const { summary } = await openFolder(folder, libraries)
    await writeFile(join(away, 'new.jpg'), await jpegPicture(30, 30))
    await rename(away, folder)
    await until(() => libraries.images(summary.libraryId).length === 4 && libraries.images(summary.libraryId).every(({ gone, hash }) => !gone && hash !== undefined))
    await until(() => changes.flatMap(({ events }) => events).some(({ kind }) => kind === 'checked'))
    expect(ofKind(changes.flatMap(({ events }) => events), 'back').flatMap(({ ids }) => ids).length).toBe(3)
  })

  it('is an error when nothing is known of it', async () => {
    expect(await thrownBy(async () => openFolder('/nowhere/at/all', await newLibraries()))).toMatchObject({ code: 'SOURCE_UNAVAILABLE' })
  })
})

describe('a folder that goes in the middle of a scan', () => {
  it.each<readonly [string, (folder: string) => Promise<void>]>([
    ['is deleted', (folder) => rm(folder, { recursive: true })],
    ['is renamed', (folder) => rename(folder, `${folder}-away`)],
    ['is unmounted, which leaves an empty folder', async (folder) => {
      await rename(folder, `${folder}-away`)
      await mkdir(folder)
    }],
  ])('ends with SOURCE_UNAVAILABLE when it %s, keeps what was read, tells nothing as gone, and goes on later', async (_name, take) => {
    const [files, workspace, place] = [memoryFiles(), await temporaryFolder(), await temporaryFolder()]
    const folder = join(place, 'drive')
    await mkdir(folder)
    const all = await pictures(60)
    for (const [name, bytes] of Object.entries(all)) await writeFile(join(folder, name), bytes)
    const libraries = await newLibraries({ files, workspace })
    const events: LibraryEvent[] = []
    let taken: Promise<void> | undefined
    const error = await thrownBy(() =>
      libraries.open(folder, {
        signal: new AbortController().signal,
        emit: (event) => {
          events.push(event)
          if (event.kind === 'checked') taken ??= take(folder)
        },
      }),
    )
    await taken
    const kept = (await files.list(folder)).length
    expect({ error, gone: ofKind(events, 'gone'), some: kept > 0 && kept < 60 }).toMatchObject({ error: { code: 'SOURCE_UNAVAILABLE', message: expect.stringContaining(folder) }, gone: [], some: true })
    await libraries.dispose()
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder)
    for (const [name, bytes] of Object.entries(all)) await writeFile(join(folder, name), bytes)
    const again = await openFolder(folder, await newLibraries({ files, workspace }))
    expect(again.summary).toMatchObject({ images: 60, broken: 0, gone: 0, offline: false })
  })

  it('treats a folder that may not be read as one that is away, and a part of it as unknown, not gone', async () => {
    const folder = await temporaryFolder({ 'a.jpg': await jpegPicture(30, 20), 'b/c.jpg': await jpegPicture(30, 20) })
    const [files, workspace] = [memoryFiles(), await temporaryFolder()]
    const libraries = await newLibraries({ files, workspace })
    await openFolder(folder, libraries)
    for (const path of [folder, join(folder, 'b'), workspace, join(workspace, 'folders.json')]) await chmod(path, 0o777)
    await chmod(join(folder, 'b'), 0)
    const part = await asNobody(() => openFolder(folder, libraries))
    await chmod(folder, 0)
    const whole = await asNobody(() => openFolder(folder, libraries))
    await chmod(folder, 0o700)
    await chmod(join(folder, 'b'), 0o700)
    expect([part.summary, whole.summary]).toMatchObject([{ images: 2, gone: 0, skipped: 1, offline: false }, { images: 2, gone: 2, offline: true }])
  })
})

describe('the folders that are known', () => {
  it('are listed newest first, and forgotten with their files but not with their thumbnails', async () => {
    const [files, workspace] = [memoryFiles(), await temporaryFolder()]
    const folders = [await temporaryFolder({ 'a.jpg': await jpegPicture(30, 20) }), await temporaryFolder({ 'b.jpg': await jpegPicture(20, 30), 'c.jpg': await jpegPicture(20, 31) })] as const
    const libraries = await newLibraries({ files, workspace })
    for (const folder of folders) await openFolder(folder, libraries)
    const facts = async () => (await libraries.folders()).map(({ path, name, images, online }) => ({ path, name, images, online }))
    const [one, two] = [{ path: folders[0], name: basename(folders[0]), images: 1, online: true }, { path: folders[1], name: basename(folders[1]), images: 2, online: true }]
    expect(await facts()).toEqual([two, one])
    await openFolder(folders[0], libraries)
    expect(await facts()).toEqual([one, two])
    await libraries.forget(folders[0])
    expect({ left: await facts(), stored: await files.list(folders[0]), thumbs: (await readdir(join(workspace, 'thumbs'), { recursive: true })).filter((name) => name.includes('.')).length }).toEqual({ left: [two], stored: [], thumbs: 3 })
    expect(await thrownBy(() => libraries.forget(folders[0]))).toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining(folders[0]) })
  })

  it('keep their files when the list of times is damaged', async () => {
    const [files, workspace] = [memoryFiles(), await temporaryFolder()]
    const folder = await temporaryFolder({ 'a.jpg': await jpegPicture(30, 20) })
    await openFolder(folder, await newLibraries({ files, workspace }))
    await writeFile(join(workspace, 'folders.json'), '{"schema":1,"folders":[{"pa')
    const libraries = await newLibraries({ files, workspace })
    expect(await libraries.folders()).toEqual([{ path: folder, name: basename(folder), images: 1, online: true, openedAt: '1970-01-01T00:00:00.000Z' }])
  })
})
