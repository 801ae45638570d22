/** @file Batches from picture files: what lies in them, in which order, and what happens when files are bad. */
import { readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { FileProblem } from '../../../../src/engine/contract'
import { augmentCrop, decodeRgb, readHeader, writePatchRows } from '../../../../src/engine/image'
import { randomStreamAt } from '../../../../src/engine/tensor'
import { openLoader, type LoaderOptions } from '../../../../src/engine/train/data'
import { permutation } from '../../../../src/engine/train/data/order'
import { thrownBy } from '../../../helpers/thrown'
import { batchesOf, cropGroups, imageNetMean, imageNetStd, loaderOptions, open, pictureFolder, take, type KeptBatch, type PictureFolder } from './support'

const sorted = (values: Iterable<number>): readonly number[] => [...values].sort((left, right) => left - right)

/** All of a folder's batches of 4 from step 0 on, by the definition and nothing else. */
async function expectedBatch(folder: PictureFolder, step: number, batch: number): Promise<KeptBatch> {
  const { images: files } = folder
  const places = Array.from({ length: batch }, (_, row) => step * batch + row).map((position) => {
    const pass = Math.floor(position / files.length)
    return { pass, image: permutation(11, pass, files.length)[position % files.length]! }
  })
  let crop = 0
  const groups: Buffer[] = []
  for (const { size, crops } of cropGroups) {
    const rows = new Float32Array(crops.length * batch * size * size * 3)
    let offset = 0
    for (const recipe of crops) {
      for (const { pass, image } of places) {
        const bytes = await readFile(files[image]!.path)
        const rgb = augmentCrop(await decodeRgb(bytes, await readHeader(bytes)), recipe, randomStreamAt(11, 'augment', pass, image, crop))
        writePatchRows({ rgb, width: size, height: size }, 8, imageNetMean, imageNetStd, rows, offset)
        offset += rgb.length
      }
      crop += 1
    }
    groups.push(Buffer.from(rows.buffer))
  }
  return { step, epoch: Math.floor(step / Math.floor(files.length / batch)), images: places.map(({ image }) => image), groups }
}

describe('what a batch holds', () => {
  it('is the crops of the pictures whose turn it is, crop-major, each from its own stream', async () => {
    const folder = await pictureFolder(10)
    const { batches } = await batchesOf(folder, 5)
    expect(batches).toEqual(await Promise.all([0, 1, 2, 3, 4].map((step) => expectedBatch(folder, step, 4))))
  })

  it('is every picture once in a pass', async () => {
    const { batches } = await batchesOf(await pictureFolder(12), 6)
    const images = batches.flatMap((batch) => batch.images)
    expect([sorted(images.slice(0, 12)), sorted(images.slice(12))]).toEqual([sorted(Array(12).keys()), sorted(Array(12).keys())])
    expect(images.slice(0, 12)).not.toEqual(images.slice(12))
  })

  it('is the same wherever a run is resumed, and whatever is made ahead or kept', async () => {
    const folder = await pictureFolder(7, [3])
    const { batches } = await batchesOf(folder, 9)
    const resumed = await Promise.all([1, 2, 5, 8].map((firstStep) => batchesOf(folder, 9 - firstStep, { firstStep, ahead: 4, cacheBytes: 0 })))
    expect(resumed.map(({ batches: rest }) => rest)).toEqual([batches.slice(1), batches.slice(2), batches.slice(5), batches.slice(8)])
  })

  it('repeats pictures with other crops where there are fewer than a batch takes', async () => {
    const { batches } = await batchesOf(await pictureFolder(2), 1, { batch: 6 })
    const [batch] = batches
    expect(sorted(batch!.images)).toEqual([0, 0, 0, 1, 1, 1])
    const rowBytes = 16 * 16 * 3 * 4
    const rows = Array.from({ length: 6 }, (_, row) => batch!.groups[0]!.subarray(row * rowBytes, (row + 1) * rowBytes).toString('base64'))
    expect(new Set(rows).size).toBe(6)
  })

  it('belongs to another epoch after as many steps as the recipe says', async () => {
    const folder = await pictureFolder(10)
    const own = await open(folder)
    const given = await open(folder, { stepsPerEpoch: 3, firstStep: 2, lastStep: 3 })
    expect([own.stepsPerEpoch, given.stepsPerEpoch, (await take(given, 2)).map(({ epoch }) => epoch)]).toEqual([2, 3, [0, 1]])
  })
})

describe('pictures that cannot be read', () => {
  it('are replaced, told of once and not read again', async () => {
    const told: FileProblem[] = []
    const { batches, skipped } = await batchesOf(await pictureFolder(8, [2, 5]), 8, { onSkipped: (problem) => told.push(problem) })
    const images = batches.flatMap((batch) => batch.images)
    expect({ length: images.length, images: sorted(new Set(images)) }).toEqual({ length: 32, images: [0, 1, 3, 4, 6, 7] })
    const problem = (relativePath: string): FileProblem => ({ relativePath, code: 'IMG_CORRUPT', reason: "the file's 10 bytes do not begin like any picture" })
    expect([...told].sort((left, right) => left.relativePath.localeCompare(right.relativePath))).toEqual([problem('2.png'), problem('5.png')])
    expect(skipped).toEqual(told)
  })

  it('give their place to a picture with crops of its own, so that a batch never holds the same crop twice', async () => {
    const { batches } = await batchesOf(await pictureFolder(6, [0, 1, 2, 3]), 1, { batch: 6 })
    const rowBytes = 16 * 16 * 3 * 4
    const rows = Array.from({ length: 6 }, (_, row) => batches[0]!.groups[0]!.subarray(row * rowBytes, (row + 1) * rowBytes).toString('base64'))
    expect({ images: sorted(new Set(batches[0]!.images)), rows: new Set(rows).size }).toEqual({ images: [4, 5], rows: 6 })
  })

  it('leave the last readable one when all others are bad', async () => {
    const { batches } = await batchesOf(await pictureFolder(60, Array.from({ length: 59 }, (_, index) => index)), 1)
    expect(batches[0]!.images).toEqual([59, 59, 59, 59])
  })

  it('end the run when there is no other, naming the first', async () => {
    const folder = await pictureFolder(3, [0, 1, 2])
    const loader = await open(folder)
    expect(await thrownBy(() => loader.next())).toMatchObject({
      code: 'TRAIN_IMAGES',
      message: expect.stringMatching(/^none of the 3 pictures in .* can be read; \d\.png: the file's 10 bytes do not begin like any picture$/) as string,
    })
    expect(loader.skipped).toHaveLength(3)
    expect(await thrownBy(() => loader.next())).toMatchObject({ code: 'TRAIN_IMAGES' })
  })

  it('are no reason to end where one was deleted', async () => {
    const folder = await pictureFolder(4)
    await rm(join(folder.root, '1.png'))
    const { batches, skipped } = await batchesOf(folder, 2)
    expect(sorted(new Set(batches.flatMap((batch) => batch.images)))).toEqual([0, 2, 3])
    expect(skipped.map(({ relativePath, code }) => ({ relativePath, code }))).toEqual([{ relativePath: '1.png', code: 'SOURCE_UNAVAILABLE' }])
  })

  it('are not blamed when the whole folder is gone', async () => {
    const folder = await pictureFolder(40)
    const loader = await open(folder, { cacheBytes: 0 })
    await take(loader, 2)
    await rename(folder.root, `${folder.root}-away`)
    const error = await thrownBy(() => take(loader, 10))
    const skipped = [...loader.skipped]
    await rename(`${folder.root}-away`, folder.root)
    expect(error).toMatchObject({ code: 'SOURCE_UNAVAILABLE', message: `${folder.root}: the folder with the training pictures can no longer be read; put it back and resume the run` })
    expect(skipped).toEqual([])
  })

  it('are the folder, when it is there and empty: a volume was unmounted', async () => {
    const folder = await pictureFolder(3)
    await Promise.all(folder.images.map(({ path }) => rm(path)))
    const loader = await open(folder)
    expect(await thrownBy(() => loader.next())).toMatchObject({ code: 'SOURCE_UNAVAILABLE', detail: { path: folder.root } })
  })
})

describe('the life of a loader', () => {
  it('writes a later batch into memory that was given back, and only then', async () => {
    const loader = await open(await pictureFolder(8))
    const [first, second] = [await loader.next(), await loader.next()]
    const memory = first.groups[0]!.buffer
    expect(second.groups[0]!.buffer).not.toBe(memory)
    first.release()
    first.release()
    const [third, fourth] = [await loader.next(), await loader.next()]
    expect([third.groups[0]!.buffer === memory, fourth.groups[0]!.buffer === memory]).toEqual([true, false])
  })

  it('ends at once when cancelled while a batch is awaited', async () => {
    const cancel = new AbortController()
    const loader = await open(await pictureFolder(8), { batch: 4096, signal: cancel.signal })
    const pending = thrownBy(() => loader.next())
    const startedAt = performance.now()
    setTimeout(() => { cancel.abort() }, 20)
    expect(await pending).toBe(cancel.signal.reason)
    expect(performance.now() - startedAt).toBeLessThan(1000)
    expect(await thrownBy(() => loader.next())).toBe(cancel.signal.reason)
  })

  it('gives nothing after it was closed, nor after its last step', async () => {
    const folder = await pictureFolder(4)
    const loader = await open(folder, { lastStep: 0 })
    await take(loader, 1)
    expect(await thrownBy(() => loader.next())).toMatchObject({ code: 'INTERNAL', message: 'the training data loader was asked for a batch after its last step 0' })
    await loader.close()
    expect(await thrownBy(() => loader.next())).toMatchObject({ code: 'CANCELLED' })
  })

  it.each<{ readonly name: string; readonly pictures: number; readonly more: Partial<LoaderOptions>; readonly code: string; readonly message: RegExp }>([
    { name: 'no picture', pictures: 0, more: {}, code: 'TRAIN_IMAGES', message: /^there are no pictures to train on in / },
    { name: 'one picture', pictures: 1, more: {}, code: 'TRAIN_IMAGES', message: /^there is only one picture in .* \(0\.png\); training needs at least two$/ },
    { name: 'an empty batch', pictures: 2, more: { batch: 0 }, code: 'BAD_REQUEST', message: /^openLoader: batch is 0; a whole number of at least 1 is needed$/ },
    { name: 'half a worker', pictures: 2, more: { workers: 0.5 }, code: 'BAD_REQUEST', message: /^openLoader: workers is 0.5; / },
    { name: 'an end before the start', pictures: 2, more: { firstStep: 5, lastStep: 4 }, code: 'BAD_REQUEST', message: /^openLoader: lastStep is 4; a whole number of at least 5 is needed$/ },
  ])('refuses $name', async ({ pictures, more, code, message }) => {
    const folder = await pictureFolder(pictures)
    expect(await thrownBy(() => openLoader(loaderOptions(folder, more)))).toMatchObject({ code, message: expect.stringMatching(message) as string })
  })
})
