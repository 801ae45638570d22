/** @file How many pictures there are of each uniqueness, and those within a range of it. */

/** Bars of equal width from `least` to `most`. */
export interface Histogram {
  readonly least: number
  readonly most: number
  /** Pictures of each bar; the last one includes `most`. */
  readonly counts: Uint32Array
}

/** From and up to, both included. */
export type ValueSpan = readonly [from: number, to: number]

/** @param values NaN where there is none; of none at all, bars from 0 to 0 without pictures */
export function histogramOf(values: Float32Array, bars: number): Histogram {
  let least = Infinity
  let most = -Infinity
  for (const value of values)
    if (!Number.isNaN(value)) {
      least = Math.min(least, value)
      most = Math.max(most, value)
    }
  const counts = new Uint32Array(bars)
  if (least > most) return { least: 0, most: 0, counts }
  const width = (most - least) / bars
  for (const value of values) if (!Number.isNaN(value)) counts[width === 0 ? 0 : Math.min(bars - 1, Math.floor((value - least) / width))]! += 1
  return { least, most, counts }
}

/** Of rows by falling value those within the span: a part of the same memory. */
export function rowsWithin(ranked: Uint32Array, values: Float32Array, [from, to]: ValueSpan): Uint32Array {
  /** Place of the first row that is not before the limit. */
  const placeOf = (isBefore: (value: number) => boolean): number => {
    let [low, high] = [0, ranked.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (isBefore(values[ranked[middle]!]!)) low = middle + 1
      else high = middle
    }
    return low
  }
  const first = placeOf((value) => value > to)
  return ranked.subarray(first, Math.max(first, placeOf((value) => value >= from)))
}
