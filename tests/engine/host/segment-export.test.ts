/** @file Segments as label pictures: palette indices while they fit, 16 bits of grey where there are more. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeIndexedPng } from '../../../src/engine/export'
import { writeSegmentFiles } from '../../../src/engine/host/segment-export'
import { startsOf, type StoredSegmentation } from '../../../src/engine/host/segmentation-states'
import { decodeGrey16, type PreparedImage } from '../../../src/engine/image'

const [gridHeight, gridWidth, patchSize] = [18, 18, 2]

let folder: string

beforeAll(async () => { folder = await mkdtemp(join(tmpdir(), 'segment-export-')) })
afterAll(async () => { await rm(folder, { recursive: true }) })

/** One picture with as many segments as told, patch after patch; ids are not their places. */
function segmentation(segments: number): StoredSegmentation {
  const grids = Uint16Array.of(gridHeight, gridWidth)
  const labels = Uint16Array.from({ length: gridHeight * gridWidth }, (_, patch) => patch % segments)
  const ids = Array.from({ length: segments }, (_, base) => 3 * base + 1)
  return {
    segmentationId: 's', modelId: 'm', createdAt: '', seed: 1, explained: 0.5, agreement: 1, leftOut: 0, tried: [],
    hashes: ['a'], places: new Map([['a', 0]]), grids, starts: startsOf(grids), undo: [],
    state: {
      name: 'many',
      base: { labels, centres: new Float32Array(segments), dim: 1, sizes: Array<number>(segments).fill(1), tightness: Array<number>(segments).fill(1) },
      segments: ids.map((id, base) => ({ id, name: `S${id}`, colour: [id % 256, 7, 200], of: [base] })),
    },
  }
}

const [height, width] = [gridHeight * patchSize, gridWidth * patchSize]
const prepared: PreparedImage = { rgb: new Uint8Array(3 * height * width), height, width, extent: { left: 0, top: 0, width: 1, height: 1 }, note: '' }

async function masksOf(segments: number): Promise<{ readonly png: Buffer; readonly legend: { readonly pixels: string; readonly segments: readonly { readonly value: number; readonly segment: number }[] } }> {
  const options = { what: 'masks', edges: 'raw', raw: false, prepare: () => Promise.resolve(prepared) } as const
  const { written, skipped } = await writeSegmentFiles(folder, segmentation(segments), [{ relativePath: 'a.jpg', hash: 'a' }], options, { signal: new AbortController().signal, emit: () => undefined })
  expect([written, skipped]).toEqual([1, []])
  return { png: await readFile(join(folder, 'a.jpg.png')), legend: JSON.parse(await readFile(join(folder, 'segments.json'), 'utf8')) as Awaited<ReturnType<typeof masksOf>>['legend'] }
}

/** Segment that the legend gives each pixel, beside the one that it has. */
function pairs(values: ArrayLike<number>, segments: number, legend: Awaited<ReturnType<typeof masksOf>>['legend']): { readonly read: (number | undefined)[]; readonly wanted: number[] } {
  const segmentOf = new Map(legend.segments.map(({ value, segment }) => [value, segment]))
  const wanted = Array.from({ length: height * width }, (_, index) => 3 * ((Math.floor(Math.floor(index / width) / patchSize) * gridWidth + Math.floor((index % width) / patchSize)) % segments) + 1)
  return { read: Array.from(values, (value) => segmentOf.get(value)), wanted }
}

describe('label pictures', () => {
  it('hold 256 segments as indices into a palette', async () => {
    const { png, legend } = await masksOf(256)
    const { read, wanted } = pairs((await decodeIndexedPng(png)).labels, 256, legend)
    expect([legend.pixels, read]).toEqual(['indices into a palette, the value itself', wanted])
  })

  it('hold 257 and more as 16 bits of grey, which an independent decoder reads', async () => {
    for (const segments of [257, 300]) {
      const { png, legend } = await masksOf(segments)
      const { values, ...size } = await decodeGrey16(png, 'a.jpg.png')
      const { read, wanted } = pairs(values, segments, legend)
      expect([size, legend.pixels, read]).toEqual([{ height, width }, '16-bit grey, the value itself', wanted])
    }
  })
})
