/** @file The loader's built worker threads: the same bytes as without them, and an end that does not wait. */
import { execFile } from 'node:child_process'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { CropMakerOptions, CropTask } from '../../../../src/engine/train/data/crop-maker'
import { startThread } from '../../../../src/engine/train/data/crop-thread'
import { createGateState } from '../../../../src/engine/train/data/large-gate'
import { layOut } from '../../../../src/engine/train/data/layout'
import { findAppFolders } from '../../../../src/shell'
import { pngClaiming } from '../../../helpers/pictures'
import { thrownBy } from '../../../helpers/thrown'
import { batchesOf, cropGroups, imageNetMean, imageNetStd, open, pictureFolder, take } from './support'

beforeAll(async () => {
  await promisify(execFile)(process.execPath, [join(findAppFolders().root, 'scripts', 'build.mjs')])
}, 180_000)

function threadOptions(): CropMakerOptions {
  const layout = layOut({ groups: cropGroups, batch: 2, patchSize: 8 })
  const slots = [new Float32Array(new SharedArrayBuffer(layout.values * 4))]
  return { layout, mean: imageNetMean, std: imageNetStd, seed: 1, cacheBytes: 0, slots, largeGate: createGateState() }
}

describe('worker threads', () => {
  it('give the same bytes and find the same problems as the calling thread does', async () => {
    const folder = await pictureFolder(9, [4])
    const inline = await batchesOf(folder, 5)
    expect(inline.skipped).toHaveLength(1)
    expect(await batchesOf(folder, 5, { workers: 1 })).toEqual(inline)
    expect(await batchesOf(folder, 5, { workers: 2, ahead: 3, cacheBytes: 0 })).toEqual(inline)
  })

  it.skipIf(process.platform !== 'linux')('read names that are not UTF-8', async () => {
    const folder = await pictureFolder(2)
    const images = await Promise.all(
      folder.images.map(async ({ path, ...image }) => {
        const renamed = Buffer.concat([Buffer.from(`${folder.root}/`), Buffer.from([0xff, 0xfe]), Buffer.from(image.relativePath)])
        await rename(path, renamed)
        return { ...image, path: renamed }
      }),
    )
    expect((await batchesOf({ ...folder, images }, 1, { workers: 1 })).skipped).toEqual([])
  })

  it('share the cache between them', async () => {
    const loader = await open(await pictureFolder(8), { workers: 2, cacheBytes: 4 * 24 * 20 * 3 })
    await take(loader, 4)
    expect(loader.cachedBytes()).toBe(4 * 24 * 20 * 3)
  })

  it('end within a second, also in the middle of a decode', async () => {
    const folder = await pictureFolder(2)
    // Two seconds of decoding: interlaced, one bit a pixel.
    const edge = 9000
    const slow = pngClaiming(edge, edge, { bitDepth: 1, colourType: 0, interlaced: true, rows: Buffer.alloc(interlacedBytes(edge)) })
    await Promise.all(folder.images.map(({ path }) => writeFile(path, slow)))
    const loader = await open(folder, { workers: 2 })
    const pending = thrownBy(() => loader.next())
    expect(await Promise.race([pending, setTimeout(400, 'decoding')])).toBe('decoding')
    const startedAt = performance.now()
    await loader.close()
    expect(performance.now() - startedAt).toBeLessThan(1000)
    expect(await pending).toMatchObject({ code: 'CANCELLED' })
  })
})

describe('a worker that crashes', () => {
  it('is an error with its reason for all that wait for it, and for who comes later', async () => {
    const thread = startThread(threadOptions())
    onTestFinished(() => thread.close())
    await thread.ready
    const crashing = thread.make(undefined as unknown as CropTask)
    const crashed = { code: 'INTERNAL', message: expect.stringMatching(/^a training data worker crashed: .*undefined/) as string }
    expect(await thrownBy(() => crashing)).toMatchObject(crashed)
    expect(await thrownBy(() => thread.make({ slot: 0, items: [] }))).toMatchObject(crashed)
  })

  it('is an error when it happens at the start', async () => {
    const thread = startThread({ ...threadOptions(), slots: undefined, layout: undefined } as unknown as CropMakerOptions)
    onTestFinished(() => thread.close())
    expect(await thrownBy(() => thread.ready)).toMatchObject({ code: 'INTERNAL', message: expect.stringMatching(/^a training data worker crashed: /) as string })
  })
})

/** Bytes of an interlaced picture of one bit a pixel: seven passes, each row with its filter byte. */
function interlacedBytes(edge: number): number {
  const passes = [
    [8, 8],
    [8, 8],
    [4, 8],
    [4, 4],
    [2, 4],
    [2, 2],
    [1, 2],
  ] as const
  return passes.reduce((sum, [acrossStep, downStep]) => sum + Math.ceil(edge / downStep) * (1 + Math.ceil(Math.ceil(edge / acrossStep) / 8)), 0)
}
