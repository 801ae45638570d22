/** @file Labels carried through frames as the reference reads, loop by loop, and the measures of DAVIS: what the engine's are held against. */

export interface NaiveFrame {
  /** [patches][dim], of any length. */
  readonly tokens: readonly (readonly number[])[]
  /** [classes][patches]. */
  readonly soft: readonly (readonly number[])[]
}

const unit = (row: readonly number[]): number[] => {
  const length = Math.max(1e-12, Math.hypot(...row))
  return row.map((value) => value / length)
}

/** One frame: the affinity of all pairs, then the window, then the fifth largest. Source: dino/eval_video_segmentation.py, `label_propagation`. */
export function naiveCarry(target: readonly (readonly number[])[], contexts: readonly NaiveFrame[], width: number): number[][] {
  const sources = contexts.map(({ tokens }) => tokens.map(unit))
  const classes = contexts[0]!.soft.length
  const soft = Array.from({ length: classes }, () => Array<number>(target.length).fill(0))
  target.map(unit).forEach((token, query) => {
    const affinity = sources.flatMap((rows) =>
      rows.map((row, key) => {
        const inWindow = Math.abs((key % width) - (query % width)) <= 12 && Math.abs(Math.floor(key / width) - Math.floor(query / width)) <= 12
        return inWindow ? Math.exp(row.reduce((sum, value, index) => sum + value * token[index]!, 0) / 0.1) : 0
      }),
    )
    const least = [...affinity].sort((a, b) => b - a)[4] ?? 0
    const kept = affinity.map((value) => (value < least ? 0 : value))
    const total = kept.reduce((sum, value) => sum + value, 0)
    const labels = Array.from({ length: classes }, (_, label) => contexts.flatMap((context) => context.soft[label]!))
    labels.forEach((values, label) => (soft[label]![query] = kept.reduce((sum, value, at) => sum + (value / total) * values[at]!, 0)))
  })
  return soft
}

/** A whole sequence: context is the first frame and the last seven. Gives the soft labels of frames 1, 2, …. */
export function naivePropagation(frames: readonly (readonly (readonly number[])[])[], first: readonly (readonly number[])[], width: number): number[][][] {
  const known: NaiveFrame[] = [{ tokens: frames[0]!, soft: first }]
  for (const tokens of frames.slice(1)) {
    const contexts = known.length <= 8 ? known : [known[0]!, ...known.slice(-7)]
    known.push({ tokens, soft: naiveCarry(tokens, contexts, width) })
  }
  return known.slice(1).map(({ soft }) => soft.map((values) => [...values]))
}

/** Region measure J of DAVIS: intersection over union; 1 where both are empty. */
export function regionMeasure(found: ArrayLike<number>, truth: ArrayLike<number>, label: number): number {
  let [both, either] = [0, 0]
  for (let at = 0; at < truth.length; at++) {
    const [a, b] = [found[at] === label, truth[at] === label]
    if (a && b) both++
    if (a || b) either++
  }
  return either === 0 ? 1 : both / either
}

/** Pixels of a label beside pixels of another. */
function border(labels: ArrayLike<number>, width: number, label: number): number[] {
  const height = labels.length / width
  const pixels: number[] = []
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      if (labels[y * width + x] !== label) continue
      const beside = [x > 0 ? labels[y * width + x - 1] : label, x < width - 1 ? labels[y * width + x + 1] : label, y > 0 ? labels[(y - 1) * width + x] : label, y < height - 1 ? labels[(y + 1) * width + x] : label]
      if (beside.some((other) => other !== label)) pixels.push(y * width + x)
    }
  return pixels
}

/** Contour measure F of DAVIS: harmonic mean of how much of each contour lies within 0.8 % of the diagonal of the other. */
export function contourMeasure(found: ArrayLike<number>, truth: ArrayLike<number>, width: number, label: number): number {
  const radius = Math.ceil(0.008 * Math.hypot(width, truth.length / width))
  const [ours, theirs] = [border(found, width, label), border(truth, width, label)]
  if (ours.length === 0 || theirs.length === 0) return ours.length === theirs.length ? 1 : 0
  const near = (pixels: readonly number[], others: readonly number[]): number => {
    const there = new Set(others)
    const isNear = (pixel: number): boolean => {
      for (let dy = -radius; dy <= radius; dy++)
        for (let dx = -radius; dx <= radius; dx++) {
          const x = (pixel % width) + dx
          if (dx * dx + dy * dy <= radius * radius && x >= 0 && x < width && there.has(pixel + dy * width + dx)) return true
        }
      return false
    }
    return pixels.filter(isNear).length / pixels.length
  }
  const [precision, recall] = [near(ours, theirs), near(theirs, ours)]
  return precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall)
}
