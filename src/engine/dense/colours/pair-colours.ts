/** @file PCA colours of one picture by two models, aligned so that the same colour means the same thing. */
import type { Extent, PairColours } from '../../contract'
import type { PatchGrid } from '../../inference'
import { channelMeans, components, stretched, turned, turnTowards, whitenedScores } from './aligned-pca'

/** The patch tokens of one look at a picture. */
export interface LookedPatches {
  /** float32 `[patches, dim]`, never CLS or registers. */
  readonly tokens: Float32Array
  readonly dim: number
  readonly grid: PatchGrid
  /** The part of the picture that they cover. */
  readonly extent: Extent
}

/** Scores of one look between its patches, at a place of the picture in fractions; undefined where it did not look. */
function scoresAt(scores: Float64Array, { grid, extent }: LookedPatches, x: number, y: number): readonly number[] | undefined {
  const [across, down] = [(x - extent.left) / extent.width, (y - extent.top) / extent.height]
  if (!(across >= 0 && across <= 1 && down >= 0 && down <= 1)) return undefined
  const place = (share: number, count: number) => {
    const at = Math.min(count - 1, Math.max(0, share * count - 0.5))
    const first = Math.floor(at)
    return { first, next: Math.min(count - 1, first + 1), part: at - first }
  }
  const [column, row] = [place(across, grid.width), place(down, grid.height)]
  const score = (r: number, c: number, component: number): number => scores[(r * grid.width + c) * components + component]!
  return [0, 1, 2].map(
    (component) =>
      (1 - row.part) * ((1 - column.part) * score(row.first, column.first, component) + column.part * score(row.first, column.next, component)) +
      row.part * ((1 - column.part) * score(row.next, column.first, component) + column.part * score(row.next, column.next, component)),
  )
}

const spread = (values: ArrayLike<number>, means: readonly number[]): number => Math.sqrt(Array.from(values).reduce((sum, value, index) => sum + (value - means[index % components]!) ** 2, 0))

/** Scores moved and scaled as brings those of them in `aligned` to the mean and spread of `target`: a part of the picture is not centred as the whole is. */
function placed(scores: Float64Array, aligned: Float64Array, target: readonly number[]): Float64Array {
  const [from, to] = [channelMeans(aligned), channelMeans(target)]
  const own = spread(aligned, from)
  const scale = own > 0 ? spread(target, to) / own : 1
  return scores.map((score, index) => (score - from[index % components]!) * scale + to[index % components]!)
}

/**
 * PCA colours of one picture by two models, so that the same colour means the same thing: the scores of the right look are
 * turned towards those of the left, read between its patches where the grids differ, and both are stretched over one range.
 */
export async function pairColours(left: LookedPatches, right: LookedPatches): Promise<PairColours> {
  const count = ({ grid }: LookedPatches): number => grid.height * grid.width
  const own = whitenedScores(left.tokens, left.dim, count(left))
  // Of a large model each takes a while.
  await new Promise(setImmediate)
  const other = whitenedScores(right.tokens, right.dim, count(right))
  const [target, common]: [number[], number[]] = [[], []]
  const { grid, extent } = right
  for (let patch = 0; patch < count(right); patch++) {
    const x = extent.left + (((patch % grid.width) + 0.5) / grid.width) * extent.width
    const y = extent.top + ((Math.floor(patch / grid.width) + 0.5) / grid.height) * extent.height
    const there = scoresAt(own, left, x, y)
    if (there === undefined) continue
    target.push(...there)
    common.push(...other.subarray(patch * components, (patch + 1) * components))
  }
  const turn = turnTowards(common, target)
  const aligned = turned(common, turn)
  const [first, second] = stretched([own, placed(turned(other, turn), aligned, target)])
  return { left: first!, right: second!, agreement: correlation(aligned, target) }
}

function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [meansA, meansB] = [channelMeans(a), channelMeans(b)]
  let [product, squareA, squareB] = [0, 0, 0]
  for (let index = 0; index < a.length; index++) {
    const [x, y] = [a[index]! - meansA[index % components]!, b[index]! - meansB[index % components]!]
    product += x * y
    squareA += x * x
    squareB += y * y
  }
  const size = Math.sqrt(squareA * squareB)
  return size > 0 ? Math.min(1, Math.max(0, product / size)) : 0
}
