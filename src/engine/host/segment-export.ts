/** @file Segments of pictures as files: label pictures, COCO masks, or a table of measures. */
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { EngineError, messageOf, toWire, type FileProblem, type JobContext, type Rgb, type SegmentEvent, type SegmentPixels } from '../contract'
import { measureSegments } from '../dense'
import { appendCoco, cocoMasks, csvNumber, csvText, encodeGrey16Png, encodeIndexedPng, writeVerified, type CocoImage } from '../export'
import type { PreparedImage } from '../image'
import { createProgress } from '../progress'
import { labelsAt, placeOf } from './segment-view'
import { segmentPixels, type Edges } from './segment-pixels'
import { noSegment, type SegmentState, type StoredSegmentation } from './segmentation-states'

/** A picture whose segments are written. */
export interface SegmentedPicture {
  readonly relativePath: string
  readonly hash: string | undefined
}

export interface SegmentFilesOptions<P> {
  readonly what: 'masks' | 'coco' | 'csv'
  readonly edges: Edges
  /** Leaves cells that a spreadsheet would take for formulas as they are. */
  readonly raw: boolean
  /** The picture as the model saw it. @throws EngineError naming what is wrong */
  prepare(picture: P): Promise<PreparedImage>
}

export interface SegmentFiles {
  readonly written: number
  readonly skipped: readonly FileProblem[]
}

/** Longer than any evaluation crop. */
const wholeEdge = 65_536
/** Numbers that a PNG with a palette holds; more are written as 16-bit grey, which other programs read as numbers too. */
const paletteSize = 256
const isWide = ({ segments }: SegmentState): boolean => segments.length > paletteSize

/** Masks lie beside each other as their pictures do. */
export const maskName = (relativePath: string): string => `${relativePath}.png`

type Tell = (problem: FileProblem) => void

/** Pictures one after the other; one that fails is told and left out. */
async function* eachPicture<P extends SegmentedPicture, R>(pictures: readonly P[], make: (picture: P) => Promise<R>, tell: Tell, advance: () => void, signal: AbortSignal): AsyncGenerator<{ readonly picture: P; readonly made: R }> {
  for (const picture of pictures) {
    await new Promise(setImmediate)
    signal.throwIfAborted()
    try {
      yield { picture, made: await make(picture) }
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof EngineError && error.code === 'DISK') throw error
      tell({ relativePath: picture.relativePath, code: toWire(error).code, reason: messageOf(error) })
    }
    advance()
  }
}

/** Names and colours of the segments, what a pixel of the masks is, and where on a picture they lie. */
function legendOf({ state, explained, agreement }: StoredSegmentation, numbers: ReadonlyMap<number, number>): string {
  const segments = state.segments.map(({ id, name, colour }) => ({ value: numbers.get(id), segment: id, name, colour }))
  return `${JSON.stringify({ name: state.name, explained, agreement, segments, pixels: isWide(state) ? '16-bit grey, the value itself' : 'indices into a palette, the value itself', masks: 'as large as the square that the model saw: short edge resized, then the middle' }, undefined, 2)}\n`
}

async function writeText(path: string, text: string, signal: AbortSignal): Promise<void> {
  await writeVerified(path, async (append) => {
    await append(text)
    return undefined
  }, { signal })
}

/**
 * Writes what was asked for into a folder, a picture at a time.
 * @throws EngineError NOT_FOUND when not one picture could be written, DISK; the signal's reason
 */
export async function writeSegmentFiles<P extends SegmentedPicture>(folder: string, segmentation: StoredSegmentation, pictures: readonly P[], options: SegmentFilesOptions<P>, { signal, emit }: JobContext<SegmentEvent>): Promise<SegmentFiles> {
  const { what, edges, raw, prepare } = options
  const { segments } = segmentation.state
  const progress = createProgress(what === 'csv' ? 'Measuring segments' : 'Writing masks', pictures.length, emit)
  const skipped: FileProblem[] = []
  let written = 0
  const tell: Tell = (problem) => {
    skipped.push(problem)
    emit({ kind: 'skipped', problem })
  }
  const advance = (): void => { progress.advance(1) }
  const patchesOf = (picture: P) => Promise.resolve(labelsAt(segmentation, placeOf(segmentation, picture)))
  const pixelsOf = async (picture: P) => segmentPixels(await patchesOf(picture), await prepare(picture), edges, wholeEdge, signal)

  if (what === 'masks') {
    const numbers = new Map(segments.map(({ id }, number) => [id, number]))
    const colours: readonly Rgb[] = segments.map(({ colour }) => colour)
    const numberOf = (label: number): number => numbers.get(label) ?? 0
    const encode = ({ labels, width, height }: SegmentPixels): Promise<Buffer> =>
      isWide(segmentation.state)
        ? encodeGrey16Png(Uint16Array.from(labels, numberOf), width, height)
        : encodeIndexedPng(Uint8Array.from(labels, numberOf), width, height, (number) => colours[number] ?? [0, 0, 0])
    for await (const { picture, made } of eachPicture(pictures, pixelsOf, tell, advance, signal)) {
      const png = await encode(made)
      const path = join(folder, maskName(picture.relativePath))
      await mkdir(dirname(path), { recursive: true })
      await writeVerified(path, async (append) => {
        await append(png)
        return undefined
      }, { signal })
      written++
    }
    await writeText(join(folder, 'segments.json'), legendOf(segmentation, numbers), signal)
  } else if (what === 'coco') {
    const images = async function* (): AsyncGenerator<CocoImage> {
      for await (const { picture, made } of eachPicture(pictures, pixelsOf, tell, advance, signal)) {
        written++
        yield { fileName: picture.relativePath, height: made.height, width: made.width, masks: cocoMasks(made.labels, made.width, noSegment).map((mask) => ({ ...mask, category: mask.category + 1 })) }
      }
    }
    // Categories of COCO begin at 1.
    const categories = segments.map(({ id, name }) => ({ id: id + 1, name }))
    await writeVerified(join(folder, 'segments.coco.json'), async (append) => {
      await appendCoco(append, segmentation.state.name, categories, images())
      return undefined
    }, { signal })
  } else {
    const names = new Map(segments.map(({ id, name }) => [id, name]))
    await writeVerified(join(folder, 'segments.csv'), async (append) => {
      await append('filename,segment,name,patches,share,pieces,centre_x,centre_y\n')
      for await (const { picture, made } of eachPicture(pictures, patchesOf, tell, advance, signal)) {
        const measures = measureSegments(made.labels, { height: made.gridHeight, width: made.gridWidth })
        const lines = measures.map(({ segment, patches, share, components, centroid: [x, y] }) =>
          [csvText(picture.relativePath, { raw }), segment, csvText(names.get(segment) ?? '', { raw }), patches, csvNumber(Math.fround(share)), components, csvNumber(Math.fround(x)), csvNumber(Math.fround(y))].join(),
        )
        await append(`${lines.join('\n')}\n`)
        written++
      }
      return undefined
    }, { signal })
  }
  progress.finish()
  if (written === 0) throw new EngineError('NOT_FOUND', `none of these ${pictures.length} pictures could be written${skipped[0] === undefined ? '' : `; the first: ${skipped[0].reason}`}`, { detail: { problems: skipped } })
  return { written, skipped }
}
