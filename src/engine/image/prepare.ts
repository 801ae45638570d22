/** @file A picture as a model is given it: the evaluation crop of the reference, or the whole picture in whole patches. */
import { EngineError, type Extent } from '../contract'
import { decodeRgb, type RgbPixels } from './decode'
import { evaluationWindow, patchGrid, windowExtent, type ResizeWindow } from './geometry'
import { readHeader, type PictureHeader } from './header'
import { resampleWindow } from './resample'

/** A picture ready for a model. */
export interface PreparedImage {
  /** uint8 [height, width, 3], sRGB. */
  readonly rgb: Uint8Array
  /** Multiples of the patch size. */
  readonly height: number
  readonly width: number
  /** The part of the shown picture that this is. */
  readonly extent: Extent
  /** What was done, in words the interface shows. */
  readonly note: string
}

/** Beyond this reduction the decoder shrinks first, to {@link shrunkScale} times what is wanted. */
const exactScale = 4
const shrunkScale = 2.5
/** Windows of more pixels, which only pictures looked at in tiles have, are resized by the decoder: here it would hold the event loop for seconds. */
const exactPixels = 3_000_000

/**
 * Exactly PIL's pixels up to a reduction of {@link exactScale}; beyond, where resampling every pixel would take longer
 * than a model does, within 0.006 mean absolute difference after normalisation of them.
 */
async function decodeWindow(bytes: Buffer, header: PictureHeader, window: ResizeWindow): Promise<Uint8Array> {
  const isWhole = window.windowWidth === window.width && window.windowHeight === window.height
  if (isWhole && window.width * window.height > exactPixels) {
    const size = { width: window.width, height: window.height }
    return (await decodeRgb(bytes, header, size.width === header.width && size.height === header.height ? undefined : size)).rgb
  }
  const shrinks = header.width > exactScale * window.width || header.height > exactScale * window.height
  const shrunk = (edge: number, wanted: number): number => Math.min(edge, Math.round(shrunkScale * wanted))
  const size = { width: shrunk(header.width, window.width), height: shrunk(header.height, window.height) }
  const source: RgbPixels = await decodeRgb(bytes, header, shrinks ? size : undefined)
  return resampleWindow(source, window)
}

function requirePositive(what: string, values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (!Number.isSafeInteger(value) || value < 1) throw new EngineError('BAD_REQUEST', `${what}: ${name} is ${value}; a whole number of at least 1 is needed`)
  }
}

/**
 * The reference's evaluation transform: short edge to `shortEdge` (bicubic, as PIL), centre `crop` × `crop`. A crop that
 * is no multiple of `patchSize` loses the rest.
 * Source: dinov2/data/transforms.py make_classification_eval_transform; dino/eval_knn.py.
 * @throws EngineError IMG_… when the picture cannot be decoded, BAD_REQUEST when the crop does not fit
 */
export async function prepareEvaluation(
  bytes: Buffer,
  { shortEdge, crop }: { readonly shortEdge: number; readonly crop: number },
  patchSize: number,
): Promise<PreparedImage> {
  requirePositive('prepareEvaluation', { shortEdge, crop, patchSize })
  const edge = Math.floor(crop / patchSize) * patchSize
  if (edge < 1 || edge > shortEdge)
    throw new EngineError('BAD_REQUEST', `prepareEvaluation: a crop of ${crop} pixels must hold a patch of ${patchSize} and fit a short edge of ${shortEdge}`)
  const header = await readHeader(bytes)
  const window = evaluationWindow(header.width, header.height, shortEdge, edge)
  return {
    rgb: await decodeWindow(bytes, header, window),
    height: edge,
    width: edge,
    extent: windowExtent(window),
    note: `${header.width} × ${header.height} resized to ${window.width} × ${window.height}, centre ${edge} × ${edge} taken, as in the reference's evaluation`,
  }
}

/**
 * The whole picture with its short edge at `size` pixels or at its own size, both edges rounded to whole patches and
 * stretched to them; at most `maxPatches` patches, with the aspect kept.
 * @throws EngineError IMG_… when the picture cannot be decoded, BAD_REQUEST when a number is not positive
 */
export async function prepareWhole(
  bytes: Buffer,
  { size, patchSize, maxPatches }: { readonly size: number | 'native'; readonly patchSize: number; readonly maxPatches: number },
): Promise<PreparedImage> {
  requirePositive('prepareWhole', { patchSize, maxPatches, ...(size === 'native' ? {} : { size }) })
  const header = await readHeader(bytes)
  const shortEdge = size === 'native' ? Math.min(header.width, header.height) : size
  const { rows, columns, capped } = patchGrid(header.width, header.height, shortEdge, patchSize, maxPatches)
  const width = columns * patchSize
  const height = rows * patchSize
  const wanted = size === 'native' ? 'its own size' : `a short edge of ${size}`
  return {
    rgb: await decodeWindow(bytes, header, { width, height, left: 0, top: 0, windowWidth: width, windowHeight: height }),
    height,
    width,
    extent: { left: 0, top: 0, width: 1, height: 1 },
    note: `Whole picture, ${header.width} × ${header.height} resized to ${width} × ${height}${capped ? `: limited to ${maxPatches} patches instead of ${wanted}` : ''}`,
  }
}

/**
 * The whole picture stretched to a square, for a model that takes no other size.
 * @throws EngineError IMG_… when the picture cannot be decoded, BAD_REQUEST when the edge is not positive
 */
export async function prepareStretched(bytes: Buffer, edge: number): Promise<PreparedImage> {
  requirePositive('prepareStretched', { edge })
  const header = await readHeader(bytes)
  return {
    rgb: await decodeWindow(bytes, header, { width: edge, height: edge, left: 0, top: 0, windowWidth: edge, windowHeight: edge }),
    height: edge,
    width: edge,
    extent: { left: 0, top: 0, width: 1, height: 1 },
    note: `Whole picture, ${header.width} × ${header.height} stretched to ${edge} × ${edge}, the only size that this model takes`,
  }
}
