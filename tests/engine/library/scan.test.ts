import { link, lstat, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { scanFolder, type ScannedImage } from '../../../src/engine/library'
import type { FileProblem } from '../../../src/engine/contract'
import { makePipe, temporaryFolder, writeFiles } from '../../helpers/folders'
import { thrownBy } from '../../helpers/thrown'

async function scan(folder: string, signal = new AbortController().signal): Promise<{ images: ScannedImage[]; skipped: FileProblem[]; batches: number }> {
  const images: ScannedImage[] = []
  const skipped: FileProblem[] = []
  let batches = 0
  for await (const batch of scanFolder(folder, { signal })) {
    images.push(...batch.images)
    skipped.push(...batch.skipped)
    batches += 1
  }
  return { images, skipped, batches }
}

const paths = (images: readonly ScannedImage[]): string[] => images.map(({ relativePath }) => relativePath)

describe('scanFolder', () => {
  it('lists pictures by name in natural order, a folder’s own before those below, and nothing hidden or of another type', async () => {
    const folder = await temporaryFolder({
      'img10.jpg': 'x',
      'img2.jpg': 'xy',
      'IMG3.PNG': '',
      'notes.txt': '',
      'b/z.webp': '',
      'b/inner/one.gif': '',
      'a10/x.tif': '',
      'a9/x.avif': '',
      '.thumbnails/x.jpg': '',
      '._img2.jpg': '',
      'img2.jpg.json': '',
    })
    const { images, skipped } = await scan(folder)
    expect({ images: paths(images), skipped }).toEqual({
      images: ['img2.jpg', 'IMG3.PNG', 'img10.jpg', 'a9/x.avif', 'a10/x.tif', 'b/z.webp', 'b/inner/one.gif'],
      skipped: [],
    })
    const stats = await lstat(join(folder, 'img2.jpg'))
    expect(images[0]).toEqual({ path: join(folder, 'img2.jpg'), name: 'img2.jpg', relativePath: 'img2.jpg', sizeBytes: 2, modifiedMs: expect.closeTo(stats.mtimeMs, 0) })
  })

  it('passes over pipes, sockets, devices and links at once', async () => {
    const folder = await temporaryFolder({ 'good.jpg': 'x', 'd.jpg/inner.jpg': 'x' })
    for (let index = 0; index < 8; index++) await makePipe(join(folder, `pipe${index}.jpg`))
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(join(folder, 'socket.jpg'), resolve))
    await symlink('/dev/zero', join(folder, 'zero.jpg'))
    await symlink('/dev/tty', join(folder, 'tty.jpg'))
    const start = performance.now()
    const { images, skipped } = await scan(folder)
    const elapsedMs = performance.now() - start
    await new Promise((resolve) => server.close(resolve))
    expect({ images: paths(images), codes: new Set(skipped.map(({ code }) => code)), skipped: skipped.map(({ relativePath }) => relativePath), quick: elapsedMs < 1000 }).toEqual({
      images: ['good.jpg', 'd.jpg/inner.jpg'],
      codes: new Set(['NOT_A_FILE']),
      skipped: ['d.jpg', ...Array.from({ length: 8 }, (_, index) => `pipe${index}.jpg`), 'socket.jpg', 'tty.jpg', 'zero.jpg'],
      quick: true,
    })
  })

  it('lists each real file once, whatever links to it or in circles', async () => {
    const outside = await temporaryFolder({ 'private.jpg': 'x' })
    const folder = await temporaryFolder({ 'a/one.jpg': 'x', 'b/two.jpg': 'x' })
    await symlink('..', join(folder, 'a/up'))
    await symlink('self', join(folder, 'self'))
    await symlink('self.jpg', join(folder, 'self.jpg'))
    await symlink('../b', join(folder, 'a/other'))
    await symlink('../a', join(folder, 'b/other'))
    await symlink('/etc/passwd', join(folder, 'x.jpg'))
    await symlink('/etc/passwd', join(folder, 'no-picture'))
    await symlink(outside, join(folder, 'd'))
    await symlink('a/one.jpg', join(folder, 'same.jpg'))
    await link(join(folder, 'a/one.jpg'), join(folder, 'b/hard.jpg'))
    const { images, skipped } = await scan(folder)
    const leaves = 'a link that leaves the opened folder; links are not followed'
    const inside = 'a link; what it leads to is listed where it lies'
    expect({ images: paths(images), skipped }).toEqual({
      images: ['a/one.jpg', 'b/two.jpg'],
      skipped: [
        { relativePath: 'd', code: 'NOT_A_FILE', reason: leaves },
        { relativePath: 'same.jpg', code: 'NOT_A_FILE', reason: inside },
        { relativePath: 'self.jpg', code: 'NOT_A_FILE', reason: 'a link that leads nowhere' },
        { relativePath: 'x.jpg', code: 'NOT_A_FILE', reason: leaves },
        { relativePath: 'a/other', code: 'NOT_A_FILE', reason: inside },
        { relativePath: 'a/up', code: 'NOT_A_FILE', reason: inside },
        { relativePath: 'b/other', code: 'NOT_A_FILE', reason: inside },
      ],
    })
  })

  it('goes through a link when that is the folder that was chosen', async () => {
    const folder = await temporaryFolder({ 'real/one.jpg': 'x' })
    await symlink('real', join(folder, 'link'))
    expect(paths((await scan(join(folder, 'link'))).images)).toEqual(['one.jpg'])
  })

  it('keeps names that are not UTF-8, and tells Unicode twins apart', async () => {
    const folder = await temporaryFolder()
    const names = [
      Buffer.from([0x63, 0x61, 0x66, 0xe9, 0x2e, 0x6a, 0x70, 0x67]),
      ...['two\nlines.jpg', '<img src=x onerror=alert(1)>.jpg', '%2e%2e%2fx.jpg', 'a#b?c.jpg', '\u202egpj.exe.jpg', 'é.jpg', 'e\u0301.jpg', `${'n'.repeat(251)}.jpg`].map((name) => Buffer.from(name)),
    ]
    for (const name of names) await writeFile(Buffer.concat([Buffer.from(`${folder}/`), name]), name)
    const { images } = await scan(folder)
    const found = images.map(({ path }) => Buffer.from(path).subarray(folder.length + 1).toString('latin1'))
    expect(found.sort()).toEqual(names.map((name) => name.toString('latin1')).sort())
    expect(images.filter(({ path }) => Buffer.isBuffer(path)).map(({ name }) => name)).toEqual(['caf\\xE9.jpg'])
  })

  it('goes down 1,000 levels', async () => {
    const folder = await temporaryFolder({ 'top.jpg': 'x', 'z/last.jpg': 'x' })
    const bottom = `${folder}${'/d'.repeat(1000)}`
    await mkdir(bottom, { recursive: true })
    await writeFile(`${bottom}/deep.jpg`, 'x')
    const { images, skipped } = await scan(folder)
    expect({ images: paths(images), skipped }).toEqual({ images: ['top.jpg', `${'d/'.repeat(1000)}deep.jpg`, 'z/last.jpg'], skipped: [] })
  })

  it.each([
    ['does not exist', 'absent'],
    ['is a file', 'file.jpg'],
  ])('says which folder cannot be opened when it %s', async (_name, name) => {
    const folder = await temporaryFolder({ 'file.jpg': 'x' })
    const path = join(folder, name)
    expect(await thrownBy(() => scan(path))).toMatchObject({ code: 'SOURCE_UNAVAILABLE', message: expect.stringContaining(path) })
  })

  it('names a sub-folder that cannot be read, here for being too deep, and goes on', async () => {
    const folder = await temporaryFolder({ 'good.jpg': 'x', 'z/last.jpg': 'x' })
    const half = `/${'d'.repeat(200)}`.repeat(12)
    await mkdir(folder + half, { recursive: true })
    await mkdir(`${folder}/other${half}`, { recursive: true })
    // Two halves of a path that each fit the system, and together do not.
    await rename(`${folder}/other`, `${folder}${half}/other`)
    const { images, skipped } = await scan(folder)
    await rename(`${folder}${half}/other`, `${folder}/other`)
    expect({ images: paths(images), skipped }).toEqual({
      images: ['good.jpg', 'z/last.jpg'],
      skipped: [{ relativePath: expect.stringMatching(/^d+\//), code: 'SOURCE_UNAVAILABLE', reason: expect.stringContaining('ENAMETOOLONG') }],
    })
  })

  it('ends when the folder disappears under it', async () => {
    const folder = await temporaryFolder({ 'one.jpg': 'x', 'a/two.jpg': 'x' })
    const scanning = scanFolder(folder, { signal: new AbortController().signal })
    const first = await scanning.next()
    await rm(folder, { recursive: true })
    expect(first.value).toMatchObject({ images: [{ relativePath: 'one.jpg' }] })
    expect(await thrownBy(() => scanning.next())).toMatchObject({ code: 'SOURCE_UNAVAILABLE', message: expect.stringContaining(folder) })
  })

  it('stops when it is cancelled', async () => {
    const folder = await temporaryFolder({ 'one.jpg': 'x', 'a/two.jpg': 'x' })
    const cancel = new AbortController()
    const scanning = scanFolder(folder, { signal: cancel.signal })
    await scanning.next()
    cancel.abort()
    expect(await thrownBy(() => scanning.next())).toMatchObject({ name: 'AbortError' })
  })

  it('gives 5,000 pictures a few at a time, in order, and lets others have their turn in between', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`IMG_${index}.jpg`, 'x'])))
    // Turns of the event loop rather than milliseconds, which would measure how busy the machine is.
    let turns = 0
    let scanning = true
    const turn = (): void => {
      turns += 1
      if (scanning) setImmediate(turn)
    }
    setImmediate(turn)
    const batches: { readonly size: number; readonly turnsBefore: number }[] = []
    const order: string[] = []
    for await (const { images } of scanFolder(folder, { signal: new AbortController().signal })) {
      batches.push({ size: images.length, turnsBefore: turns })
      order.push(...paths(images))
    }
    scanning = false
    const turnsBetween = batches.slice(1).map(({ turnsBefore }, index) => turnsBefore - (batches[index]?.turnsBefore ?? 0))
    expect({
      order,
      first: batches[0]?.size,
      largest: Math.max(...batches.map(({ size }) => size)),
      // Listing 5,000 names takes many reads, each of which is a turn; so does looking at each batch.
      listedInTurns: (batches[0]?.turnsBefore ?? 0) >= 10,
      alwaysATurn: turnsBetween.every((count) => count >= 1),
    }).toEqual({ order: Array.from({ length: 5000 }, (_, index) => `IMG_${index}.jpg`), first: 32, largest: 256, listedInTurns: true, alwaysATurn: true })
  })
})
