import { readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { renderImage, type RenderedPicture } from '../../../src/engine/image'
import { createThumbs, type Thumbs } from '../../../src/engine/library/thumbs'
import { temporaryFolder } from '../../helpers/folders'
import { jpegPicture } from '../../helpers/pictures'

const hashOf = (digit: string): string => digit.repeat(64)
const never = (error: unknown): void => {
  throw error
}

async function filled(maxBytes = 2 ** 30): Promise<{ readonly folder: string; readonly thumbs: Thumbs; readonly picture: RenderedPicture }> {
  const folder = join(await temporaryFolder(), 'thumbs')
  const thumbs = createThumbs({ folder, maxBytes, onTrouble: never })
  const picture = await renderImage(await jpegPicture(300, 200), 128)
  for (const digit of 'abcdef') await thumbs.write(hashOf(digit), picture)
  return { folder, thumbs, picture }
}

const fileOf = (folder: string, digit: string): string => join(folder, digit.repeat(2), `${hashOf(digit)}.jpg`)

describe('thumbnails on the disk', () => {
  it('are given back as they were kept, and lie there as pictures that any viewer shows', async () => {
    const { folder, thumbs, picture } = await filled()
    const { width, height, format } = await sharp(await readFile(fileOf(folder, 'a'))).metadata()
    expect({ read: await thumbs.read(hashOf('a')), absent: await thumbs.read(hashOf('0')), viewed: { width, height, format } }).toEqual({ read: picture, absent: undefined, viewed: { width: 128, height: 85, format: 'jpeg' } })
  })

  it.each<readonly [string, (file: Buffer) => Buffer]>([
    ['cut', (file) => file.subarray(0, file.length - 1)],
    ['empty', () => Buffer.alloc(0)],
    ['zeros', (file) => Buffer.alloc(file.length)],
    ['one flipped bit', (file) => {
      const flipped = Buffer.from(file)
      flipped[400] = (flipped[400] ?? 0) ^ 1
      return flipped
    }],
  ])('that are damaged (%s) are not given, and are made again', async (_name, damage) => {
    const { folder, thumbs, picture } = await filled()
    await writeFile(fileOf(folder, 'b'), damage(await readFile(fileOf(folder, 'b'))))
    const damaged = await thumbs.read(hashOf('b'))
    await thumbs.write(hashOf('b'), picture)
    expect({ damaged, again: await thumbs.read(hashOf('b')) }).toEqual({ damaged: undefined, again: picture })
  })

  it('are deleted oldest first when there are too many, and what was used last stays', async () => {
    const one = (await filled()).picture.bytes.length
    const { folder, thumbs, picture } = await filled(4.5 * one)
    for (const [index, digit] of ['a', 'b', 'c', 'd', 'e', 'f'].entries()) await utimes(fileOf(folder, digit), 1_700_000_000 + index, 1_700_000_000 + index)
    // Shown again, so the oldest is the newest now.
    expect(await thumbs.read(hashOf('a'))).toEqual(picture)
    await writeFile(join(folder, 'aa', '.x.1.dinoscope-partial'), 'left over')
    await utimes(join(folder, 'aa', '.x.1.dinoscope-partial'), 1_700_000_000, 1_700_000_000)
    await thumbs.prune()
    const left = (await readdir(folder, { recursive: true })).filter((name) => name.length > 3).map((name) => name.slice(0, 2)).sort()
    expect(left).toEqual(['aa', 'ee', 'ff'])
  })

  it('are told and no failure when they cannot be kept', async () => {
    const place = await temporaryFolder({ thumbs: 'a file where the folder belongs' })
    const troubles: unknown[] = []
    const thumbs = createThumbs({ folder: join(place, 'thumbs'), maxBytes: 1, onTrouble: (error) => troubles.push(error) })
    const picture = await renderImage(await jpegPicture(300, 200), 128)
    await thumbs.write(hashOf('a'), picture)
    await thumbs.write(hashOf('b'), picture)
    expect({ troubles: troubles.length, read: await thumbs.read(hashOf('a')) }).toEqual({ troubles: 1, read: undefined })
  })

  it('are asked for by hashes alone', async () => {
    const { thumbs, folder } = await filled()
    await writeFile(join(folder, '..', 'secret.jpg'), 'x')
    expect(await thumbs.read('../secret')).toBeUndefined()
  })
})
