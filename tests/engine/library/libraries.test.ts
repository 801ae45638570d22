import { createHash } from 'node:crypto'
import { rename, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import type { LibraryEvent, Progress } from '../../../src/engine/contract'
import { renderImage } from '../../../src/engine/image'
import type { Libraries } from '../../../src/engine/library'
import { makePipe, temporaryFolder } from '../../helpers/folders'
import { idOf, newLibraries, ofKind, openFolder, problemsIn } from '../../helpers/libraries'
import { drawQuarters, jpegPicture, mediaFile, pngClaiming } from '../../helpers/pictures'
import { thrownBy } from '../../helpers/thrown'

const never = new AbortController().signal

describe('opening a folder', () => {
  it('tells its name, then what is in it, then what each picture is, and sums up', async () => {
    const folder = await temporaryFolder({ 'a.jpg': await jpegPicture(60, 40), 'b/c.png': await drawQuarters(20, 30).png().toBuffer(), 'b/text.jpg': 'no picture' })
    const { events, summary, ids } = await openFolder(folder)
    const { libraryId } = summary
    expect(events[0]).toEqual({ kind: 'opened', libraryId, name: folder.split('/').at(-1) })
    expect(ofKind(events, 'found').flatMap(({ images }) => images.map(({ id, name, relativePath, sizeBytes }) => ({ known: ids.get(relativePath) === id, name, relativePath, sized: sizeBytes > 0 })))).toEqual([
      { known: true, name: 'a.jpg', relativePath: 'a.jpg', sized: true },
      { known: true, name: 'c.png', relativePath: 'b/c.png', sized: true },
      { known: true, name: 'text.jpg', relativePath: 'b/text.jpg', sized: true },
    ])
    // Two are read at a time, and either may be done first.
    expect(ofKind(events, 'checked').flatMap(({ checks }) => checks).sort((a, b) => b.width - a.width)).toEqual([
      { id: ids.get('a.jpg'), width: 60, height: 40 },
      { id: ids.get('b/c.png'), width: 20, height: 30 },
    ])
    expect(ofKind(events, 'broken')).toEqual([
      { kind: 'broken', id: ids.get('b/text.jpg'), problem: { relativePath: 'b/text.jpg', code: 'IMG_CORRUPT', reason: "the file's 10 bytes do not begin like any picture" } },
    ])
    expect(ofKind(events, 'progress').at(-1)).toMatchObject({ title: 'Reading pictures', done: 3, total: 3, value: 1 } satisfies Partial<Progress>)
    expect(summary).toEqual({ libraryId, images: 3, broken: 1, skipped: 0, gone: 0, offline: false })
  })

  it('gives the same folder fresh ids each time, none of which tells the path', async () => {
    const folder = await temporaryFolder({ 'holiday.jpg': await jpegPicture(8, 8) })
    const libraries = await newLibraries()
    const [first, second] = [await openFolder(folder, libraries), await openFolder(folder, libraries)]
    const all = [first, second].flatMap((opened) => [opened.summary.libraryId, idOf(opened, 'holiday.jpg')])
    expect({ distinct: new Set(all).size, long: all.every((id) => /^[\w-]{22}$/.test(id)) }).toEqual({ distinct: 4, long: true })
  })

  it('names a folder that cannot be opened, and opens nothing', async () => {
    const folder = join(await temporaryFolder(), 'absent')
    const events: LibraryEvent[] = []
    const libraries = await newLibraries()
    const error = await thrownBy(() => libraries.open(folder, { signal: never, emit: (event) => events.push(event) }))
    expect({ error, events }).toMatchObject({ error: { code: 'SOURCE_UNAVAILABLE', message: expect.stringContaining(folder) }, events: [] })
  })

  it('ends with one problem when the folder disappears while its pictures are read', async () => {
    const jpeg = await jpegPicture(900, 700)
    const folder = await temporaryFolder(Object.fromEntries(Array.from({ length: 80 }, (_, index) => [`${index}.jpg`, jpeg])))
    const events: LibraryEvent[] = []
    let gone: Promise<void> | undefined
    const libraries = await newLibraries()
    const error = await thrownBy(() =>
      libraries.open(folder, {
        signal: never,
        emit: (event) => {
          events.push(event)
          if (event.kind === 'checked') gone ??= rename(folder, `${folder}-elsewhere`)
        },
      }),
    )
    await gone
    await rm(`${folder}-elsewhere`, { recursive: true })
    expect(error).toMatchObject({ code: 'SOURCE_UNAVAILABLE', message: expect.stringContaining(folder) })
    expect(ofKind(events, 'broken').length).toBeLessThan(5)
  })
})

describe('a folder full of trouble', () => {
  it('gives each bad file its reason, and reads all the others', async () => {
    const jpeg = await jpegPicture(300, 200)
    const png = await drawQuarters(300, 200).png().toBuffer()
    const canary = join(await temporaryFolder(), 'canary.jpg')
    await makePipe(canary)
    const svg = `<svg xmlns="http://www.w3.org/2000/svg"><image href="file://${canary}"/></svg>`
    const folder = await temporaryFolder({
      'good/first.jpg': jpeg,
      'good/tiff-inside.jpg': await drawQuarters(30, 20).tiff().toBuffer(),
      'p.jpg': jpeg,
      'p.jpg[1]': jpeg,
      'a.jpg': jpeg,
      'a.jpg[shrink=8]': 'garbage',
      'cut.jpg': jpeg.subarray(0, jpeg.length / 2),
      'cut100.jpg': jpeg.subarray(0, 100),
      'cut.png': png.subarray(0, png.length / 2),
      'huge.png': pngClaiming(100_000, 100_000),
      'tall.png': pngClaiming(1, 2 ** 31 - 1),
      'none.png': pngClaiming(0, 0),
      'drawing.svg': svg,
      'drawing.jpg': svg,
      'empty.jpg': '',
      'byte.jpg': 'x',
      'text.jpg': 'text',
      'phone.heic': mediaFile('heic', ['mif1', 'heic']),
      'zz/last.webp': await drawQuarters(30, 20).webp().toBuffer(),
    })
    await makePipe(join(folder, 'pipe.jpg'))
    await symlink('/dev/zero', join(folder, 'zero.jpg'))
    await symlink('..', join(folder, 'good/up'))
    const opened = await openFolder(folder)
    const codes = Object.fromEntries(problemsIn(opened.events).map(({ relativePath, code }) => [relativePath, code]))
    expect(codes).toEqual({
      'a.jpg[shrink=8]': 'IMG_CORRUPT',
      'cut.jpg': 'IMG_TRUNCATED',
      'cut100.jpg': 'IMG_TRUNCATED',
      'cut.png': 'IMG_TRUNCATED',
      'huge.png': 'IMG_TOO_LARGE',
      'tall.png': 'IMG_CORRUPT',
      'none.png': 'IMG_CORRUPT',
      'drawing.svg': 'IMG_UNSUPPORTED',
      'drawing.jpg': 'IMG_UNSUPPORTED',
      'empty.jpg': 'IMG_EMPTY',
      'byte.jpg': 'IMG_CORRUPT',
      'text.jpg': 'IMG_CORRUPT',
      'phone.heic': 'IMG_HEIC_UNSUPPORTED',
      'pipe.jpg': 'NOT_A_FILE',
      'zero.jpg': 'NOT_A_FILE',
      'good/up': 'NOT_A_FILE',
    })
    const whole = new Set(ofKind(opened.events, 'checked').flatMap(({ checks }) => checks.map(({ id }) => id)))
    expect([...opened.ids].filter(([, id]) => whole.has(id)).map(([path]) => path)).toEqual(['a.jpg', 'p.jpg', 'p.jpg[1]', 'good/first.jpg', 'good/tiff-inside.jpg', 'zz/last.webp'])
    expect(opened.summary).toMatchObject({ images: 19, broken: 13, skipped: 3 })
    const renderings = await Promise.all(['p.jpg', 'p.jpg[1]', 'a.jpg'].map((path) => opened.libraries.render(idOf(opened, path), 128)))
    expect(new Set(renderings.map(({ bytes }) => Buffer.from(bytes).toString('hex'))).size).toBe(1)
  })

  it('skips a file that was swapped for a pipe between being listed and being opened', async () => {
    const folder = await temporaryFolder({ 'a.jpg': await jpegPicture(8, 8) })
    const libraries = await newLibraries()
    const { ids } = await openFolder(folder, libraries)
    await rm(join(folder, 'a.jpg'))
    await makePipe(join(folder, 'a.jpg'))
    expect(await thrownBy(() => libraries.render(ids.get('a.jpg') ?? '', 999))).toMatchObject({ code: 'NOT_A_FILE', message: 'a.jpg: is not a regular file' })
  })

  it('shows the file that a strange name names', async () => {
    const folder = await temporaryFolder()
    const names = [Buffer.from([0x63, 0x61, 0x66, 0xe9, 0x2e, 0x6a, 0x70, 0x67]), ...['two\nlines.jpg', '<img src=x onerror=alert(1)>.jpg', '%2e%2e%2fx.jpg', 'a#b?c.jpg', 'é.jpg', 'e\u0301.jpg'].map((name) => Buffer.from(name))]
    const expected = new Map<string, string>()
    const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
    for (const [index, name] of names.entries()) {
      const bytes = await jpegPicture(20 + index, 20)
      await writeFile(Buffer.concat([Buffer.from(`${folder}/`), name]), bytes)
      expected.set(name.toString('latin1'), hash((await renderImage(bytes, 384)).bytes))
    }
    const { libraries, summary } = await openFolder(folder)
    const shown = new Map<string, string>()
    for (const { id, path } of libraries.images(summary.libraryId)) shown.set(Buffer.from(path).subarray(folder.length + 1).toString('latin1'), hash((await libraries.render(id, 384)).bytes))
    expect([...shown].sort()).toEqual([...expected].sort())
  })
})

describe('rendering', () => {
  it('is never larger than asked for, whatever was rendered before', async () => {
    const opened = await openFolder(await temporaryFolder({ 'a.jpg': await jpegPicture(1000, 500) }))
    const sizes: Record<number, unknown> = {}
    for (const edge of [384, 128, 800, 20, 4096]) {
      const { bytes, ...rendered } = await opened.libraries.render(idOf(opened, 'a.jpg'), edge)
      const read = await sharp(bytes).metadata()
      expect({ width: read.width, height: read.height, contentType: read.mediaType }).toEqual(rendered)
      sizes[edge] = [rendered.width, rendered.height]
    }
    expect(sizes).toEqual({ 384: [384, 192], 128: [128, 64], 800: [800, 400], 20: [20, 10], 4096: [1000, 500] })
  })

  it('gives the same bytes again from memory', async () => {
    const opened = await openFolder(await temporaryFolder({ 'a.jpg': await jpegPicture(1000, 500) }))
    const [first, second] = [await opened.libraries.render(idOf(opened, 'a.jpg'), 256), await opened.libraries.render(idOf(opened, 'a.jpg'), 256)]
    expect(second.bytes).toBe(first.bytes)
  })

  it('leaves a damaged picture alone until its file changes', async () => {
    const jpeg = await jpegPicture(300, 200)
    const cut = jpeg.subarray(0, jpeg.length / 2)
    const folder = await temporaryFolder({ 'a.jpg': cut })
    const path = join(folder, 'a.jpg')
    const time = new Date(1_700_000_000_000)
    await utimes(path, time, time)
    const opened = await openFolder(folder)
    const render = () => opened.libraries.render(idOf(opened, 'a.jpg'), 128)
    // A good picture of the same size and time: that it stays refused shows that nobody decoded it again.
    const small = await jpegPicture(16, 16)
    await writeFile(path, Buffer.concat([small, Buffer.alloc(cut.length - small.length)]))
    await utimes(path, time, time)
    expect(await thrownBy(render)).toMatchObject({ code: 'IMG_TRUNCATED', message: expect.stringContaining('a.jpg: ') })
    expect(opened.libraries.image(idOf(opened, 'a.jpg')).problem).toMatchObject({ code: 'IMG_TRUNCATED' })
    await writeFile(path, jpeg)
    expect(await render()).toMatchObject({ width: 128, height: 85 })
    expect(opened.libraries.image(idOf(opened, 'a.jpg')).problem).toBeUndefined()
    await truncate(path, 0)
    expect(await thrownBy(render)).toMatchObject({ code: 'IMG_EMPTY' })
  })

  it('shows what a changed file holds now', async () => {
    const folder = await temporaryFolder({ 'a.jpg': await jpegPicture(300, 200) })
    const opened = await openFolder(folder)
    const before = await opened.libraries.render(idOf(opened, 'a.jpg'), 128)
    await writeFile(join(folder, 'a.jpg'), await jpegPicture(200, 300))
    const after = await opened.libraries.render(idOf(opened, 'a.jpg'), 128)
    expect([before, after].map(({ width, height }) => [width, height])).toEqual([
      [128, 85],
      [85, 128],
    ])
  })

  it('finds a picture again that could not be read for a while', async () => {
    const folder = await temporaryFolder({ 'a.jpg': await jpegPicture(300, 200) })
    const opened = await openFolder(folder)
    await rename(join(folder, 'a.jpg'), join(folder, 'away'))
    expect(await thrownBy(() => opened.libraries.render(idOf(opened, 'a.jpg'), 700))).toMatchObject({ code: 'SOURCE_UNAVAILABLE' })
    await rename(join(folder, 'away'), join(folder, 'a.jpg'))
    expect(await opened.libraries.render(idOf(opened, 'a.jpg'), 700)).toMatchObject({ width: 300 })
  })
})

describe('cancelling and closing', () => {
  it('ends at once, keeps what was found, and tells nothing more', async () => {
    const jpeg = await jpegPicture(1500, 1200)
    const folder = await temporaryFolder(Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`${index}.jpg`, jpeg])))
    const libraries = await newLibraries()
    const cancel = new AbortController()
    const events: LibraryEvent[] = []
    let cancelledAt = Infinity
    const error = await thrownBy(() =>
      libraries.open(folder, {
        signal: cancel.signal,
        emit: (event) => {
          events.push(event)
          if (event.kind !== 'checked' || cancel.signal.aborted) return
          cancelledAt = performance.now()
          cancel.abort()
        },
      }),
    )
    const elapsedMs = performance.now() - cancelledAt
    const told = events.length
    const [opened] = ofKind(events, 'opened')
    const images = libraries.images(opened?.libraryId ?? '')
    expect({ error, quick: elapsedMs < 1000, images: images.length }).toMatchObject({ error: { name: 'AbortError' }, quick: true, images: 60 })
    expect(await libraries.render(images[59]?.id ?? '', 128)).toMatchObject({ width: 128 })
    expect(events.length).toBe(told)
  })

  it('forgets a closed folder and ends the reading of it', async () => {
    const jpeg = await jpegPicture(1500, 1200)
    const folder = await temporaryFolder(Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`${index}.jpg`, jpeg])))
    const libraries = await newLibraries()
    let libraryId = ''
    let imageId = ''
    const error = await thrownBy(() =>
      libraries.open(folder, {
        signal: never,
        emit: (event) => {
          if (event.kind === 'opened') libraryId = event.libraryId
          if (event.kind === 'found') imageId = event.images[0]?.id ?? ''
          if (event.kind === 'checked' && libraryId !== '') {
            libraries.close(libraryId)
            libraryId = ''
          }
        },
      }),
    )
    expect(error).toMatchObject({ code: 'CANCELLED' })
    expect(await thrownBy(() => libraries.image(imageId))).toMatchObject({ code: 'NOT_FOUND' })
    expect(await thrownBy(() => libraries.render(imageId, 128))).toMatchObject({ code: 'NOT_FOUND' })
  })

  it.each([
    ['images', (libraries: Libraries) => libraries.images('nothing')],
    ['image', (libraries: Libraries) => libraries.image('nothing')],
    ['render', (libraries: Libraries) => libraries.render('nothing', 128)],
    ['close', (libraries: Libraries) => { libraries.close('nothing') }],
  ])('%s of an unknown id is NOT_FOUND', async (_name, ask) => {
    const libraries = await newLibraries()
    expect(await thrownBy(() => ask(libraries))).toMatchObject({ code: 'NOT_FOUND' })
  })
})
