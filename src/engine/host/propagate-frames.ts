/** @file Labels through a sequence of frames, each read, looked at and left behind: memory does not grow with the sequence. */
import { EngineError, messageOf, toWire, type FileProblem, type JobContext, type Progress } from '../contract'
import { classesOf, frameSize, oneHot, patchLabels, pixelLabels, resizeNearest, startPropagation, type LabelMask, type Propagation } from '../dense'
import { resampleBilinear } from '../display'
import { decodeRgb, readHeader, writePatchRows, type PixelSize, type RgbPixels } from '../image'
import type { Backbone, PatchBatch, PatchGrid, RowProducts } from '../inference'
import { createProgress } from '../progress'
import { fixedSizeOf } from '../weights'

export interface FrameSource {
  readonly relativePath: string
  read(): Promise<Buffer>
}

/** Labels of one frame. */
export interface CarriedFrame {
  /** Its place among the frames. */
  readonly index: number
  readonly grid: PatchGrid
  /** By patch, uint8 [patches]. */
  readonly labels: Uint8Array
  /** By pixel of the frame itself. */
  readonly mask: LabelMask
}

export interface PropagateFramesRequest {
  /** In their order. */
  readonly frames: readonly FrameSource[]
  /** Labels of the first frame, once its size is known. @throws EngineError BAD_REQUEST where they do not fit it */
  readonly first: (frame: PixelSize) => LabelMask | Promise<LabelMask>
  /** Short edge that frames are looked at with. */
  readonly size: number
  /** Told the labels of the first frame before it. */
  readonly onClasses?: (classes: readonly number[]) => void
  /** Told in the order of the frames; the next one is not begun before it is done. */
  readonly onFrame: (frame: CarriedFrame) => Promise<void>
  readonly onSkipped: (problem: FileProblem) => void
}

export interface PropagateFramesSummary {
  readonly frames: number
  /** Labels of the first frame and so of all, rising, 0 among them. */
  readonly classes: readonly number[]
  readonly skipped: readonly FileProblem[]
  readonly framesPerSecond: number
}

/** The reference normalises red by .228, and ImageNet's .229 is what every model of it names. Source: dino/eval_video_segmentation.py:244. */
const [imagenetRed, davisRed] = [0.229, 0.228]

/** A frame stretched to whole patches, and its own size. */
interface ReadFrame {
  readonly own: PixelSize
  readonly batch: PatchBatch
}

/** Bilinear without antialiasing, rounded to eight bits. Source: OpenCV, `resize`, INTER_LINEAR. */
function stretch({ rgb, height, width }: RgbPixels, to: PixelSize): RgbPixels {
  const values = resampleBilinear(rgb, height, width, to.height, to.width, 3)
  return { rgb: Uint8Array.from(values, Math.round), height: to.height, width: to.width }
}

async function readFrame({ config, manifest }: Backbone, bytes: Buffer, size: number): Promise<ReadFrame> {
  const { patchSize } = config
  const { mean, std } = manifest.preprocessing
  const picture = await decodeRgb(bytes, await readHeader(bytes))
  const fixed = fixedSizeOf(config)
  const wanted = fixed === undefined ? frameSize(picture, size, patchSize) : { height: fixed, width: fixed }
  const grid = { height: wanted.height / patchSize, width: wanted.width / patchSize }
  const patches = new Float32Array(3 * wanted.height * wanted.width)
  writePatchRows(stretch(picture, wanted), patchSize, mean, [std[0] === imagenetRed ? davisRed : std[0], std[1], std[2]], patches, 0)
  return { own: { height: picture.height, width: picture.width }, batch: { count: 1, grid, patches } }
}

/** Frames in order while the next one is already being read. What cannot be read, or has another shape than the first, is told and left out. */
async function* readAhead(backbone: Backbone, { frames, size, onSkipped }: PropagateFramesRequest, signal: AbortSignal): AsyncGenerator<{ readonly index: number; readonly frame: ReadFrame }> {
  const start = (source: FrameSource | undefined): Promise<ReadFrame> | undefined => {
    const started = source && source.read().then((bytes) => readFrame(backbone, bytes, size))
    // A failure is met when its turn comes.
    started?.catch(() => undefined)
    return started
  }
  let next = start(frames[0])
  let grid: PatchGrid | undefined
  let own: PixelSize | undefined
  for (const [index, { relativePath }] of frames.entries()) {
    signal.throwIfAborted()
    const current = next
    next = undefined
    try {
      const frame = await current!
      next = start(frames[index + 1])
      grid ??= frame.batch.grid
      own ??= frame.own
      if (frame.batch.grid.height !== grid.height || frame.batch.grid.width !== grid.width)
        throw new EngineError('BAD_REQUEST', `it is ${frame.own.width} × ${frame.own.height}, the first frame ${own.width} × ${own.height}; frames of a sequence have one shape`)
      yield { index, frame }
    } catch (error) {
      signal.throwIfAborted()
      // Without the first frame there is nothing to carry.
      if (index === 0 || !(error instanceof EngineError)) throw error instanceof EngineError ? new EngineError(error.code, `${relativePath}: ${error.message}`, { detail: { ...error.detail, relativePath }, cause: error }) : error
      onSkipped({ relativePath, code: toWire(error).code, reason: messageOf(error) })
      next ??= start(frames[index + 1])
    }
  }
}

/**
 * Carries labels of the first frame through those that follow, as DAVIS is evaluated.
 * Source: dino/eval_video_segmentation.py.
 * @throws EngineError BAD_REQUEST without frames or where the labels do not fit the first one; IMG_… when that cannot be read; RUNTIME; the signal's reason
 */
export async function propagateFrames(backbone: Backbone, products: RowProducts, request: PropagateFramesRequest, { signal, emit }: JobContext<Progress>): Promise<PropagateFramesSummary> {
  const { frames, onFrame } = request
  if (frames.length === 0) throw new EngineError('BAD_REQUEST', 'there are no frames to carry labels through')
  const { patchSize, dim } = backbone.config
  const progress = createProgress('Carrying labels', frames.length, emit)
  const started = performance.now()
  const skipped: FileProblem[] = []
  const onSkipped = (problem: FileProblem): void => {
    skipped.push(problem)
    request.onSkipped(problem)
    progress.advance(1)
  }
  let propagation: Propagation | undefined
  let classes: readonly number[] = []
  let carried = 0
  for await (const { index, frame } of readAhead(backbone, { ...request, onSkipped }, signal)) {
    const { own, batch } = frame
    const { grid } = batch
    const { patches: tokens } = await backbone.embedPatches(batch)
    signal.throwIfAborted()
    if (propagation === undefined) {
      const first = await request.first(own)
      const small = resizeNearest(first, grid).labels
      classes = classesOf(first.labels)
      if (small.every((label) => label === 0)) throw new EngineError('BAD_REQUEST', `nothing that is marked on the first frame covers the middle of one of its ${grid.width} × ${grid.height} patches; mark more, or look at larger frames`)
      request.onClasses?.(classes)
      propagation = startPropagation({ tokens, soft: oneHot(small, classes) }, { grid, dim, classes: classes.length, products, signal })
      await onFrame({ index, grid, labels: small, mask: resizeNearest(first, own) })
    } else {
      const soft = await propagation.next(tokens)
      const pixels = await pixelLabels(soft, classes, grid, { height: grid.height * patchSize, width: grid.width * patchSize })
      signal.throwIfAborted()
      await onFrame({ index, grid, labels: await patchLabels(soft, classes), mask: resizeNearest(pixels, own) })
    }
    carried++
    progress.advance(1)
  }
  progress.finish()
  return { frames: carried, classes, skipped, framesPerSecond: (1000 * carried) / Math.max(1, performance.now() - started) }
}
