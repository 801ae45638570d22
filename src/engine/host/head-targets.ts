/** @file What a head should say of pictures: depth pictures and masks beside them, brought onto their patches. */
import { readdir } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { EngineError } from '../contract'
import { decodeNpy } from '../export'
import { readRegularFile } from '../files'
import { decodeGrey16, decodeRgb, readHeader } from '../image'
import { toFloat32 } from '../tensor'
import { readMask } from './propagate-mask'

/** Numbers of a picture's pixels: metres, NaN where they are not known; or classes, 255 where they do not count. */
export interface TargetMap {
  readonly values: Float32Array
  readonly height: number
  readonly width: number
}

const largestFile = 2 ** 30
const ignored = 255
/** Depth pictures hold millimetres. */
const perMetre = 1000
/** Sizes may differ where one was rounded: by so much of the aspect. */
const aspectTolerance = 0.01

const stem = (path: string): string => path.replace(/\.[^./]+$/, '')

/** Files of targets below a folder, by relative path without the extension. @throws EngineError NOT_FOUND when there is none */
export async function findTargets(folder: string, kind: 'depth' | 'classes'): Promise<ReadonlyMap<string, string>> {
  const wanted = kind === 'depth' ? /\.(?:png|npy)$/i : /\.png$/i
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    throw new EngineError('NOT_FOUND', `${folder} cannot be read; choose the folder with the ${kind === 'depth' ? 'depth pictures' : 'masks'}`, { detail: { path: folder }, cause: error })
  })
  const files = entries.filter((entry) => entry.isFile() && wanted.test(entry.name)).map((entry) => join(entry.parentPath, entry.name)).sort()
  if (files.length === 0) throw new EngineError('NOT_FOUND', `${folder} holds no ${kind === 'depth' ? '16-bit PNG or NPY with depth' : 'PNG with class numbers'}`, { detail: { path: folder } })
  return new Map(files.map((path) => [stem(relative(folder, path).split(sep).join('/')), path]))
}

/** The target of a picture: `dir/name.png` or `dir/name.jpg.png` for `dir/name.jpg`. */
export function targetFor(targets: ReadonlyMap<string, string>, relativePath: string): string | undefined {
  return targets.get(stem(relativePath)) ?? targets.get(relativePath)
}

/** Reads one target. @throws EngineError BAD_REQUEST for what holds no such numbers, IMG_… */
export async function readTarget(path: string, kind: 'depth' | 'classes'): Promise<TargetMap> {
  const bytes = await readRegularFile(path, largestFile)
  if (kind === 'depth') {
    if (path.toLowerCase().endsWith('.npy')) {
      const array = decodeNpy(bytes)
      const [height = 0, width = 0] = array.shape
      if (array.shape.length !== 2) throw new EngineError('BAD_REQUEST', `${path} has ${array.shape.length} axes; metres as [height, width] are needed`, { detail: { path } })
      return { height, width, values: toFloat32(array).data.map((value) => (value > 0 && Number.isFinite(value) ? value : NaN)) }
    }
    const { values, height, width } = await decodeGrey16(bytes, path)
    return { height, width, values: Float32Array.from(values, (value) => (value === 0 ? NaN : value / perMetre)) }
  }
  // Source: PNG (W3C, third edition), §11.2.1: eight bits of grey are the numbers themselves.
  if (bytes[24] === 8 && bytes[25] === 0) {
    const { rgb, height, width } = await decodeRgb(bytes, await readHeader(bytes))
    return { height, width, values: Float32Array.from({ length: height * width }, (_, pixel) => rgb[3 * pixel]!) }
  }
  const { labels, height, width } = await readMask(bytes, path)
  return { height, width, values: Float32Array.from(labels) }
}

/** @throws EngineError BAD_REQUEST naming both sizes where the target is of another shape than the picture */
export function requireSameShape(path: string, target: TargetMap, picture: { readonly width: number; readonly height: number }): void {
  const apart = (target.width * picture.height) / (target.height * picture.width)
  if (Math.abs(apart - 1) > aspectTolerance)
    throw new EngineError('BAD_REQUEST', `${path} is ${target.width} × ${target.height}, and its picture ${picture.width} × ${picture.height}: they do not lie on each other`, { detail: { path } })
}

/** What each patch should give: the mean of its known depths, or the class of most of its pixels; NaN for none. */
export function patchTargets({ values, height, width }: TargetMap, rows: number, columns: number, kind: 'depth' | 'classes'): Float32Array {
  return Float32Array.from({ length: rows * columns }, (_, patch) => {
    const [row, column] = [Math.floor(patch / columns), patch % columns]
    const top = Math.floor((row * height) / rows)
    const left = Math.floor((column * width) / columns)
    // At least one pixel, also of a target that is coarser than the patches.
    const bottom = Math.max(top + 1, Math.floor(((row + 1) * height) / rows))
    const right = Math.max(left + 1, Math.floor(((column + 1) * width) / columns))
    let [sum, known] = [0, 0]
    const votes = new Map<number, number>()
    for (let y = top; y < bottom; y++)
      for (let x = left; x < right; x++) {
        const value = values[y * width + x]!
        if (Number.isNaN(value) || (kind === 'classes' && value === ignored)) continue
        sum += value
        known++
        if (kind === 'classes') votes.set(value, (votes.get(value) ?? 0) + 1)
      }
    if (known === 0) return NaN
    if (kind === 'depth') return sum / known
    return [...votes].reduce((most, one) => (one[1] > most[1] || (one[1] === most[1] && one[0] < most[0]) ? one : most))[0]
  })
}
