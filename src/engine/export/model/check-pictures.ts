/** @file Real pictures at the sizes an exported model is tried with. */
import { basename } from 'node:path'
import { EngineError } from '../../contract'
import { prepareWhole, readImageFile, writePatchRows } from '../../image'
import type { Preprocessing } from '../../weights'
import type { PixelSize } from './pixel-rows'

/** Pictures of one size, to be run together: uint8 `[height, width, 3]` each. */
export interface CheckBatch {
  readonly size: PixelSize
  readonly pictures: readonly { readonly name: string; readonly rgb: Uint8Array }[]
}

/** A square, a wide one, and a tall one whose edges are multiples of no usual patch. */
const freeSizes: readonly PixelSize[] = [
  [224, 224],
  [224, 336],
  [301, 251],
]
const maximumPatches = 4096
/** More than these are run one picture at a time. */
const batchedPatches = 1024

/**
 * Two pictures as one batch, and one each of other sizes where sizes are free.
 * @throws EngineError NOT_FOUND without pictures, or what reading one throws
 */
export async function checkPictures(paths: readonly string[], patchSize: number, size: PixelSize | undefined): Promise<CheckBatch[]> {
  if (paths.length === 0) throw new EngineError('NOT_FOUND', 'there are no pictures to try the exported model with')
  const pathAt = (index: number): string => paths[index % paths.length] ?? ''
  const sizes = size === undefined ? freeSizes.map(([height, width]): PixelSize => [Math.max(height, patchSize), Math.max(width, patchSize)]) : [size]
  let next = 0
  const batches: CheckBatch[] = []
  for (const [index, wanted] of sizes.entries()) {
    const pictures = []
    const patches = Math.floor(wanted[0] / patchSize) * Math.floor(wanted[1] / patchSize)
    for (let count = index === 0 && patches <= batchedPatches ? 2 : 1; count > 0; count--) {
      const path = pathAt(next++)
      pictures.push({ name: basename(path), rgb: await pictureOf(path, patchSize, wanted) })
    }
    batches.push({ size: wanted, pictures })
  }
  return batches
}

/** The picture with its short edge as asked for, then cut or repeated to the size. */
async function pictureOf(path: string, patchSize: number, [height, width]: PixelSize): Promise<Uint8Array> {
  const whole = await prepareWhole(await readImageFile(path), { size: Math.min(height, width), patchSize, maxPatches: maximumPatches })
  return windowOf(whole.rgb, [whole.height, whole.width], [height, width])
}

function windowOf(rgb: Uint8Array, [height, width]: PixelSize, [targetHeight, targetWidth]: PixelSize): Uint8Array {
  const target = new Uint8Array(targetHeight * targetWidth * 3)
  for (let y = 0; y < targetHeight; y++) {
    for (let x = 0; x < targetWidth; x++) {
      const from = 3 * ((y % height) * width + (x % width))
      target.set(rgb.subarray(from, from + 3), 3 * (y * targetWidth + x))
    }
  }
  return target
}

/** What the exported model is fed: float32 `[pictures, 3, height, width]`, normalised. */
export function pixelValues({ size: [height, width], pictures }: CheckBatch, { mean, std }: Preprocessing): Float32Array {
  const area = height * width
  const values = new Float32Array(pictures.length * 3 * area)
  for (const [picture, { rgb }] of pictures.entries()) {
    for (const channel of [0, 1, 2] as const) {
      const start = (3 * picture + channel) * area
      for (let pixel = 0; pixel < area; pixel++) values[start + pixel] = ((rgb[3 * pixel + channel] ?? 0) / 255 - mean[channel]) / std[channel]
    }
  }
  return values
}

/** What the engine is fed: the whole patches of the same pictures. */
export function patchBatch({ size: [height, width], pictures }: CheckBatch, patchSize: number, { mean, std }: Preprocessing): { readonly count: number; readonly grid: { readonly height: number; readonly width: number }; readonly patches: Float32Array } {
  const grid = { height: Math.floor(height / patchSize), width: Math.floor(width / patchSize) }
  const whole: PixelSize = [grid.height * patchSize, grid.width * patchSize]
  const length = whole[0] * whole[1] * 3
  const patches = new Float32Array(pictures.length * length)
  for (const [picture, { rgb }] of pictures.entries()) {
    const cropped = cropOf(rgb, width, whole)
    writePatchRows({ rgb: cropped, height: whole[0], width: whole[1] }, patchSize, mean, std, patches, picture * length)
  }
  return { count: pictures.length, grid, patches }
}

function cropOf(rgb: Uint8Array, width: number, [height, kept]: PixelSize): Uint8Array {
  const cropped = new Uint8Array(height * kept * 3)
  for (let y = 0; y < height; y++) cropped.set(rgb.subarray(3 * y * width, 3 * (y * width + kept)), 3 * y * kept)
  return cropped
}
