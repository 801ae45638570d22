import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { LibraryEvent } from '../../../src/engine/contract'
import { renderImage } from '../../../src/engine/image'
import type { Libraries } from '../../../src/engine/library'
import { temporaryFolder, writeFiles } from '../../helpers/folders'
import { idOf, newLibraries, ofKind, openFolder, problemsIn, type OpenedFolder } from '../../helpers/libraries'
import { memoryFiles } from '../../helpers/memory-files'
import { drawQuarters, jpegPicture } from '../../helpers/pictures'

/** Two sessions of one workspace. */
async function sessions(): Promise<{ next(): Promise<Libraries>; readonly files: ReturnType<typeof memoryFiles> }> {
  const [files, workspace] = [memoryFiles(), await temporaryFolder()]
  let last: Libraries | undefined
  return {
    files,
    next: async () => {
      await last?.dispose()
      last = await newLibraries({ files, workspace })
      return last
    },
  }
}

const pathsTold = (events: readonly LibraryEvent[]): string[] => ofKind(events, 'found').flatMap(({ images }) => images.map(({ relativePath }) => relativePath))
const pathsOf = ({ ids }: OpenedFolder, told: readonly string[]): string[] => [...ids].filter(([, id]) => told.includes(id)).map(([path]) => path)
const idsOf = (events: readonly LibraryEvent[], kind: 'gone' | 'back' | 'changed'): readonly string[] => ofKind(events, kind).flatMap(({ ids }) => ids)
const readCount = (events: readonly LibraryEvent[]): number => ofKind(events, 'progress').at(-1)?.done ?? 0
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const kinds = async () => ({
  'b/2.jpg': await jpegPicture(60, 40),
  'b/10.png': await drawQuarters(20, 30).png().toBuffer(),
  'B.jpg': await jpegPicture(30, 30),
  'a.jpg': await jpegPicture(31, 30),
  'a/deep/x.jpg': await jpegPicture(32, 30),
  'z cut.jpg': (await jpegPicture(300, 200)).subarray(0, 700),
})

describe('a folder that is opened again', () => {
  it('is told from the index before it is looked at, in the same order, and nothing is read again', async () => {
    const folder = await temporaryFolder(await kinds())
    const { next, files } = await sessions()
    const first = await openFolder(folder, await next())
    const facts = ({ libraries, summary, events }: OpenedFolder) => ({
      images: libraries.images(summary.libraryId).map(({ row, relativePath, hash, look, width, height, problem, gone }) => ({ row, relativePath, hash, look, width, height, problem, gone })),
      told: pathsTold(events),
      sizes: ofKind(events, 'checked').flatMap(({ checks }) => checks.map(({ width, height }) => [width, height])).sort(),
      problems: problemsIn(events),
      counts: { ...summary, libraryId: '' },
    })
    const before = facts(first)
    expect(first.libraries.images(first.summary.libraryId)[1]).toMatchObject({ hash: sha256(await readFile(join(folder, 'B.jpg'))), look: expect.stringMatching(/^[0-9a-f]{16}$/), width: 30, height: 30 })
    const again = await openFolder(folder, await next())
    expect(facts(again)).toEqual(before)
    expect(pathsTold(first.events)).toEqual(['a.jpg', 'B.jpg', 'z cut.jpg', 'a/deep/x.jpg', 'b/2.jpg', 'b/10.png'])
    expect(before.counts).toEqual({ libraryId: '', images: 6, broken: 1, skipped: 0, gone: 0, offline: false })
    expect({ first: readCount(first.events), again: readCount(again.events), puts: files.puts }).toEqual({ first: 6, again: 0, puts: [6] })
  })

  it('shows thumbnails from the disk, the same bytes as before', async () => {
    const folder = await temporaryFolder({ 'a.jpg': await jpegPicture(900, 600), 'tiny.png': await drawQuarters(20, 30).png().toBuffer() })
    const { next } = await sessions()
    const first = await openFolder(folder, await next())
    const before = await Promise.all(['a.jpg', 'tiny.png'].map((path) => first.libraries.render(idOf(first, path), 384)))
    const again = await openFolder(folder, await next())
    expect(await Promise.all(['a.jpg', 'tiny.png'].map((path) => again.libraries.render(idOf(again, path), 384)))).toEqual(before)
  })

  it('reads what is new or has changed, and appends what is new', async () => {
    const folder = await temporaryFolder(await kinds())
    const { next, files } = await sessions()
    await openFolder(folder, await next())
    const newer = await jpegPicture(50, 70)
    await writeFiles(folder, { 'a.jpg': newer, 'aa.jpg': await jpegPicture(33, 44) })
    const now = new Date(Date.now() + 5_000)
    // Touched, but with the same bytes: nobody has to hear of it.
    await utimes(join(folder, 'B.jpg'), now, now)
    const again = await openFolder(folder, await next())
    expect({ told: pathsTold(again.events), changed: pathsOf(again, idsOf(again.events, 'changed')), read: readCount(again.events), puts: files.puts }).toEqual({
      told: ['a.jpg', 'B.jpg', 'z cut.jpg', 'a/deep/x.jpg', 'b/2.jpg', 'b/10.png', 'aa.jpg'],
      changed: ['a.jpg'],
      read: 3,
      puts: [6, 3],
    })
    expect(again.libraries.image(idOf(again, 'a.jpg'))).toMatchObject({ hash: sha256(newer), width: 50, height: 70, row: 0 })
    const third = await openFolder(folder, await next())
    expect({ told: pathsTold(third.events), read: readCount(third.events) }).toEqual({ told: ['a.jpg', 'aa.jpg', 'B.jpg', 'z cut.jpg', 'a/deep/x.jpg', 'b/2.jpg', 'b/10.png'], read: 0 })
  })

  it('marks what has vanished as gone, keeps it, and says when it is back', async () => {
    const folder = await temporaryFolder(await kinds())
    const { next, files } = await sessions()
    const first = await openFolder(folder, await next())
    const { hash } = first.libraries.image(idOf(first, 'b/2.jpg'))
    await rename(join(folder, 'b'), `${folder}-b`)
    const without = await openFolder(folder, await next())
    expect({ gone: pathsOf(without, idsOf(without.events, 'gone')), counts: without.summary, kept: (await files.list(folder)).length }).toMatchObject({ gone: ['b/2.jpg', 'b/10.png'], counts: { images: 6, gone: 2, offline: false }, kept: 6 })
    expect(without.libraries.image(idOf(without, 'b/2.jpg'))).toMatchObject({ gone: true, hash })
    expect(await without.libraries.render(idOf(without, 'b/2.jpg'), 128)).toMatchObject({ width: 60, height: 40 })
    await rename(`${folder}-b`, join(folder, 'b'))
    const withAll = await openFolder(folder, await next())
    expect({ ...withAll.summary, gone: pathsOf(withAll, idsOf(withAll.events, 'gone')) }).toMatchObject({ images: 6, gone: [] })
  })

  it('finds a moved picture under its new path by the same hash, without decoding it again', async () => {
    const folder = await temporaryFolder({ 'a.jpg': await jpegPicture(300, 200), 'b.jpg': await jpegPicture(200, 200) })
    const { next } = await sessions()
    const first = await openFolder(folder, await next())
    const { hash } = first.libraries.image(idOf(first, 'a.jpg'))
    await mkdir(join(folder, 'sub'))
    await rename(join(folder, 'a.jpg'), join(folder, 'sub/new name.jpg'))
    const { libraries, summary, ...again } = await openFolder(folder, await next())
    expect(libraries.images(summary.libraryId).map(({ relativePath, gone, hash: its }) => ({ relativePath, gone, same: its === hash }))).toEqual([
      { relativePath: 'a.jpg', gone: true, same: true },
      { relativePath: 'b.jpg', gone: false, same: false },
      { relativePath: 'sub/new name.jpg', gone: false, same: true },
    ])
    expect({ rows: libraries.rowsOfHashes(summary.libraryId, [hash ?? '', 'unknown']), row: libraries.rowOf(again.ids.get('sub/new name.jpg') ?? '') }).toEqual({ rows: [[0, 2], []], row: 2 })
  })

  it('does not try a damaged picture again until its file changes, and then does', async () => {
    const jpeg = await jpegPicture(300, 200)
    const cut = jpeg.subarray(0, jpeg.length / 2)
    const folder = await temporaryFolder({ 'cut.jpg': cut, 'cut100.jpg': jpeg.subarray(0, 100) })
    const time = new Date(1_700_000_000_000)
    await utimes(join(folder, 'cut.jpg'), time, time)
    const { next } = await sessions()
    await openFolder(folder, await next())
    // A whole picture of the same size and time: that it stays refused shows that nobody has read it.
    const small = await jpegPicture(16, 16)
    await writeFile(join(folder, 'cut.jpg'), Buffer.concat([small, Buffer.alloc(cut.length - small.length)]))
    await utimes(join(folder, 'cut.jpg'), time, time)
    const again = await openFolder(folder, await next())
    expect({ codes: problemsIn(again.events).map(({ relativePath, code }) => [relativePath, code]), read: readCount(again.events) }).toEqual({ codes: [['cut.jpg', 'IMG_TRUNCATED'], ['cut100.jpg', 'IMG_TRUNCATED']], read: 0 })
    await writeFile(join(folder, 'cut.jpg'), jpeg)
    const mended = await openFolder(folder, await next())
    expect({ broken: mended.summary.broken, image: mended.libraries.image(idOf(mended, 'cut.jpg')), read: readCount(mended.events) }).toMatchObject({ broken: 1, image: { problem: undefined, width: 300, hash: sha256(jpeg) }, read: 1 })
  })

  it('opens strange names again by what the index keeps of them', async () => {
    const folder = await temporaryFolder()
    const strange = [
      Buffer.from([0x63, 0x61, 0x66, 0xe9, 0x2e, 0x6a, 0x70, 0x67]),
      ...['two\nlines.jpg', '<img src=x onerror=alert(1)>.jpg', '%2e%2e%2fx.jpg', 'a#b?c.jpg', '\u202egpj.exe.jpg', 'é.jpg', 'e\u0301.jpg', `${'n'.repeat(251)}.jpg`, 'back\\slash.jpg', 'back\\xE9slash.jpg'].map((name) => Buffer.from(name)),
    ]
    const foreignFolder = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff, 0x2f])])
    await mkdir(foreignFolder)
    const expected = new Map<string, string>()
    for (const [index, name] of strange.entries()) {
      const bytes = await jpegPicture(20 + index, 20)
      const path = Buffer.concat([index % 2 === 0 ? Buffer.from(`${folder}/`) : foreignFolder, name])
      await writeFile(path, bytes)
      expected.set(path.toString('latin1'), sha256((await renderImage(bytes, 384)).bytes))
    }
    const { next } = await sessions()
    await openFolder(folder, await next())
    const { libraries, summary, events } = await openFolder(folder, await next())
    const shown = new Map<string, string>()
    for (const { id, path } of libraries.images(summary.libraryId)) shown.set(Buffer.from(path).toString('latin1'), sha256((await libraries.render(id, 384)).bytes))
    expect({ shown: [...shown].sort(), gone: summary.gone, read: readCount(events) }).toEqual({ shown: [...expected].sort(), gone: 0, read: 0 })
    // And not only thumbnails: the files themselves.
    for (const { id, hash } of libraries.images(summary.libraryId)) expect((await libraries.readBytes(id)).hash).toBe(hash)
  })

  it('passes over rows of the index that would lead out of the folder', async () => {
    const outside = await temporaryFolder({ 'secret.jpg': await jpegPicture(20, 20) })
    const folder = await temporaryFolder({ 'a.jpg': await jpegPicture(30, 20) })
    const { next, files } = await sessions()
    await openFolder(folder, await next())
    const [row] = await files.list(folder)
    if (row === undefined) throw new Error('nothing was stored')
    await files.put(['../x.jpg', `..${outside}/secret.jpg`, './y.jpg', '/z.jpg', '..', 'sub/../../w.jpg'].map((relativePath) => ({ ...row, relativePath })))
    const { libraries, summary } = await openFolder(folder, await next())
    expect(libraries.images(summary.libraryId).map(({ relativePath }) => relativePath)).toEqual(['a.jpg'])
  })

  it('writes down what was read when it was cancelled, and goes on from there', async () => {
    const folder = await temporaryFolder(Object.fromEntries(await Promise.all(Array.from({ length: 40 }, async (_, index) => [`${index}.jpg`, await jpegPicture(250, 200 + index)] as const))))
    const { next, files } = await sessions()
    const libraries = await next()
    const cancel = new AbortController()
    await libraries.open(folder, { signal: cancel.signal, emit: (event) => { if (event.kind === 'checked') cancel.abort() } }).catch(() => undefined)
    const kept = (await files.list(folder)).length
    const again = await openFolder(folder, await next())
    expect({ some: kept > 0 && kept < 40, read: readCount(again.events), whole: again.summary }).toMatchObject({ some: true, read: 40 - kept, whole: { images: 40, broken: 0 } })
  })

  it('still shows everything when the index cannot be written, and says so', async () => {
    const folder = await temporaryFolder(await kinds())
    const files = memoryFiles()
    files.failure = new Error('no room is left')
    const troubles: unknown[] = []
    const libraries = await newLibraries({ files, onTrouble: (error) => troubles.push(error) })
    const events: LibraryEvent[] = []
    await expect(libraries.open(folder, { signal: new AbortController().signal, emit: (event) => events.push(event) })).rejects.toThrow('no room is left')
    expect({ told: pathsTold(events).length, checked: ofKind(events, 'checked').flatMap(({ checks }) => checks).length, troubles }).toEqual({ told: 6, checked: 5, troubles: [files.failure] })
  })
})

describe('reading bytes', () => {
  it('gives the bytes as they are now with their own hash, and puts right what was known', async () => {
    const folder = await temporaryFolder({ 'a.jpg': await jpegPicture(30, 20) })
    const opened = await openFolder(folder)
    const id = idOf(opened, 'a.jpg')
    const newer = await jpegPicture(50, 70)
    await writeFile(join(folder, 'a.jpg'), newer)
    expect(await opened.libraries.readBytes(id)).toEqual({ bytes: newer, hash: sha256(newer) })
    expect(opened.libraries.image(id)).toMatchObject({ hash: sha256(newer), width: 50 })
    await rm(join(folder, 'a.jpg'))
    await expect(opened.libraries.readBytes(id)).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE', message: expect.stringMatching(/^a\.jpg: /) })
  })
})
