/** @file Decoded pictures are kept within their budget and read once while they are. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createGateState, openLargeGate } from '../../../../src/engine/train/data/large-gate'
import { createPictureSource, type PictureRequest, type PictureSource } from '../../../../src/engine/train/data/picture-source'
import { temporaryFolder } from '../../../helpers/folders'
import { jpegPicture } from '../../../helpers/pictures'
import { thrownBy } from '../../../helpers/thrown'
import { pictureFolder } from './support'

/** Decoded bytes of each of the pictures of the folder. */
const pictureBytes = 24 * 20 * 3

const source = (cacheBytes: number, needed = 1000): PictureSource => createPictureSource({ cacheBytes, needed, passLarge: openLargeGate(createGateState()) })

async function requests(count: number, broken: readonly number[] = []): Promise<readonly PictureRequest[]> {
  const { images } = await pictureFolder(count, broken)
  return images.map(({ path, sizeBytes }, image) => ({ image, path, sizeBytes }))
}

describe('a picture source', () => {
  it('keeps what was used last and never more than its bytes', async () => {
    const [first, second, third] = await requests(3)
    const pictures = source(2 * pictureBytes + 10)
    for (const request of [first!, second!, first!, third!]) {
      await pictures.read(request)
      expect(pictures.cachedBytes).toBeLessThanOrEqual(2 * pictureBytes)
    }
    await Promise.all([first!, second!, third!].map(({ path }) => rm(path.toString())))
    expect((await pictures.read(first!)).rgb).toHaveLength(pictureBytes)
    expect((await pictures.read(third!)).rgb).toHaveLength(pictureBytes)
    expect(await thrownBy(() => pictures.read(second!))).toMatchObject({ code: 'SOURCE_UNAVAILABLE' })
  })

  it('keeps nothing without a cache', async () => {
    const [first] = await requests(1)
    const pictures = source(0)
    await pictures.read(first!)
    expect(pictures.cachedBytes).toBe(0)
  })

  it('reads a picture once when it is asked for twice at once', async () => {
    const [first] = await requests(1)
    const pictures = source(0)
    const [left, right] = await Promise.all([pictures.read(first!), pictures.read(first!)])
    expect(left).toBe(right)
  })

  it('says why a picture cannot be read, and tries again when asked again', async () => {
    const [broken] = await requests(1, [0])
    const pictures = source(pictureBytes)
    for (const _ of [1, 2]) expect(await thrownBy(() => pictures.read(broken!))).toMatchObject({ code: 'IMG_CORRUPT' })
  })

  it('shrinks a picture that is much larger than its crops need', async () => {
    const root = await temporaryFolder({ 'large.jpg': await jpegPicture(900, 600) })
    const { width, height, rgb } = await source(0, 100).read({ image: 0, path: join(root, 'large.jpg'), sizeBytes: 1 })
    expect({ width, height, bytes: rgb.length }).toEqual({ width: 300, height: 200, bytes: 300 * 200 * 3 })
  })

  it('reads a large file through the gate', async () => {
    const [first] = await requests(1)
    const { width } = await source(0).read({ ...first!, sizeBytes: 2 ** 30 })
    expect(width).toBe(24)
  })
})
