/** @file Labels carried through pictures of an opened folder, and taken away as files. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  EngineError,
  type FileProblem,
  type FirstFrame,
  type FrameClass,
  type JobContext,
  type Progress,
  type PropagateEvent,
  type PropagateExportRequest,
  type PropagateExportResult,
  type PropagateRequest,
  type PropagateResult,
  type Rgb,
  type Rows,
} from '../contract'
import { overlayLabels, type LabelMask } from '../dense'
import { maskColour } from '../display'
import { decodeIndexedPng, encodeIndexedPng, writeVerified } from '../export'
import { decodeRgb, encodePng, readHeader, type PixelSize } from '../image'
import type { LibraryImage } from '../library'
import { createProgress } from '../progress'
import type { EngineState } from './engine-state'
import { propagateFrames } from './propagate-frames'
import { colourOf, compareFrames, frameNames, type KeptPropagations } from './propagate-kept'
import { readMask, requireMarked, requireShape } from './propagate-mask'
import { segmentLabels } from './propagate-segments'
import { presence } from './row-hashes'

/** Frames as asked for, or all that are there and can be decoded, by name. @throws EngineError NOT_FOUND, BAD_REQUEST for a row that the folder does not have */
function framesOf({ libraries }: EngineState, libraryId: string, rows: Rows): readonly LibraryImage[] {
  const images = libraries.images(libraryId)
  if (rows === undefined) return images.filter(presence(images)).filter(({ problem }) => problem === undefined).sort(compareFrames)
  return Array.from(rows, (row) => {
    const image = images[row]
    if (image === undefined) throw new EngineError('BAD_REQUEST', `the folder has ${images.length} pictures; there is no row ${row}`, { detail: { row } })
    return image
  })
}

interface FirstLabels {
  mask(frame: PixelSize): LabelMask
  readonly colours: ReadonlyMap<number, Rgb>
  readonly names: ReadonlyMap<number, string>
}

/** Patches of a grid of whole patches: its aspect may be off by one of them each way. */
function patchesFirst({ gridHeight, gridWidth, labels }: Extract<FirstFrame, { kind: 'patches' }>): FirstLabels {
  if (labels.length !== gridHeight * gridWidth) throw new EngineError('BAD_REQUEST', `${labels.length} labels do not fit ${gridHeight} × ${gridWidth} patches`)
  // 255 is none; and none is background.
  const mask = { labels: labels.map((label) => (label === 255 ? 0 : label)), height: gridHeight, width: gridWidth }
  requireMarked(mask, 'the first frame')
  return {
    mask: (frame) => {
      requireShape(mask, frame, 'the grid of the marked patches', 1 / gridHeight + 1 / gridWidth)
      return mask
    },
    colours: new Map(),
    names: new Map(),
  }
}

/** What the first frame has, whichever way it was said. @throws EngineError NOT_FOUND, BAD_REQUEST */
async function firstLabels(state: EngineState, first: FirstFrame, picture: LibraryImage | undefined): Promise<FirstLabels> {
  if (first.kind === 'patches') return patchesFirst(first)
  if (first.kind === 'segments') {
    if (picture === undefined) throw new EngineError('NOT_FOUND', 'there is no frame to begin with')
    return segmentLabels(state, first, picture)
  }
  const { name, bytes } = state.uploads.get(first.uploadId)
  const mask = await readMask(bytes, name)
  requireMarked(mask, name)
  return {
    mask: (frame) => {
      requireShape(mask, frame, `the mask ${name}`)
      return mask
    },
    colours: mask.colours,
    names: new Map(),
  }
}

/**
 * Carries labels through the frames, telling each as it comes. Masks go to the disk, so neither many frames nor large ones fill the memory.
 * @throws EngineError NOT_FOUND, BAD_REQUEST, RUNTIME, DISK; IMG_… when the first frame cannot be read; the signal's reason
 */
export async function runPropagation(state: EngineState, kept: KeptPropagations, request: PropagateRequest, { signal, emit }: JobContext<PropagateEvent>): Promise<PropagateResult> {
  const { libraryId, rows, modelId, size } = request
  const pictures = framesOf(state, libraryId, rows)
  const labels = await firstLabels(state, request.first, pictures[0])
  const products = await state.rowProducts()
  const maskNames = frameNames(pictures.map(({ relativePath }) => relativePath), '.png')
  const colourFor = (label: number): Rgb => labels.colours.get(label) ?? maskColour(label)
  const classesOf = (found: readonly number[]): readonly FrameClass[] =>
    found.map((label) => ({ label, colour: colourFor(label), name: labels.names.get(label) ?? (label === 0 ? 'Background' : `Label ${label}`) }))
  const done: { readonly row: number; readonly maskName: string }[] = []
  const carry = (folder: string) =>
    state.backbones.use(modelId, (backbone) =>
      propagateFrames(
        backbone,
        products,
        {
          frames: pictures.map(({ id, relativePath }) => ({ relativePath, read: async () => (await state.libraries.readBytes(id)).bytes })),
          first: (frame) => labels.mask(frame),
          size,
          onClasses: (found) => {
            emit({ kind: 'classes', classes: classesOf(found) })
          },
          onFrame: async ({ index, grid, labels: byPatch, mask }) => {
            const [{ row }, maskName] = [pictures[index]!, maskNames[index]!]
            const png = await encodeIndexedPng(mask.labels, mask.width, mask.height, colourFor)
            await writeVerified(join(folder, maskName), async (append) => {
              await append(png)
              return undefined
            })
            done.push({ row, maskName })
            emit({ kind: 'frame', index, row, gridHeight: grid.height, gridWidth: grid.width, labels: byPatch })
          },
          onSkipped: (problem) => {
            emit({ kind: 'skipped', problem })
          },
        },
        { signal, emit },
      ),
    )
  let masks = ''
  const { exportId, result } = await state.exports.create((folder) => {
    masks = folder
    return carry(folder)
  })
  const classes = classesOf(result.classes)
  kept.keep(exportId, { libraryId, folder: masks, frames: done, classes })
  state.tellThroughput({ modelId, imagesPerSecond: result.framesPerSecond })
  return { propagationId: exportId, rows: Uint32Array.from(done, ({ row }) => row), classes, framesPerSecond: result.framesPerSecond }
}

/** A frame with its labels laid over it. @throws EngineError IMG_…, NOT_FOUND, SOURCE_UNAVAILABLE; BAD_REQUEST where it is not the picture any more that it was */
async function overlayOf({ libraries }: EngineState, image: LibraryImage, mask: Buffer, colourFor: (label: number) => Rgb): Promise<Buffer> {
  const { bytes } = await libraries.readBytes(image.id)
  const picture = await decodeRgb(bytes, await readHeader(bytes))
  const { labels, height, width } = await decodeIndexedPng(mask)
  if (width !== picture.width || height !== picture.height) throw new EngineError('BAD_REQUEST', 'it has another size than when the labels were carried through it')
  const painted = overlayLabels(picture, labels, colourFor)
  return encodePng(painted.rgb, painted.width, painted.height)
}

/**
 * Writes what was carried: the masks as they were kept, or pictures with the labels laid over them.
 * @throws EngineError NOT_FOUND when it is no longer kept, DISK; the signal's reason
 */
export async function exportPropagation(state: EngineState, kept: KeptPropagations, { propagationId, what }: PropagateExportRequest, { signal, emit }: JobContext<Progress>): Promise<PropagateExportResult> {
  const { libraryId, folder, frames, classes } = kept.get(propagationId)
  const images = state.libraries.images(libraryId)
  const colourFor = colourOf(classes)
  const started = performance.now()
  const skipped: FileProblem[] = []
  const progress = createProgress(what === 'masks' ? 'Writing masks' : 'Writing overlays', frames.length, emit)
  const write = async (target: string): Promise<void> => {
    for (const { row, maskName } of frames) {
      signal.throwIfAborted()
      const image = images[row]
      const mask = await readFile(join(folder, maskName))
      try {
        if (image === undefined) throw new EngineError('NOT_FOUND', 'it is not in the folder any more')
        const png = what === 'masks' ? mask : await overlayOf(state, image, mask, colourFor)
        await writeVerified(join(target, maskName), async (append) => {
          await append(png)
          return undefined
        }, { signal })
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof EngineError) || error.code === 'DISK') throw error
        skipped.push({ relativePath: image?.relativePath ?? maskName, code: error.code, reason: error.message })
      }
      progress.advance(1)
    }
    const legend = { classes, frames: frames.map(({ row, maskName }) => ({ file: maskName, picture: images[row]?.relativePath })) }
    await writeVerified(join(target, 'labels.json'), async (append) => {
      await append(`${JSON.stringify(legend, undefined, 2)}\n`)
      return undefined
    }, { signal })
    progress.finish()
  }
  const { exportId, files } = await state.exports.create(write, { name: `${what}.zip`, signal })
  const written = frames.length - skipped.length
  return { exportId, files, images: written, skipped, imagesPerSecond: (1000 * written) / Math.max(1, performance.now() - started) }
}
