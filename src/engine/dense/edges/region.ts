/** @file Places in the patch grid, the thinned picture and the picture itself, and where between the ones the others lie. */

export interface Size {
  readonly height: number
  readonly width: number
}

/** Half-open: `left ≤ x < right`, `top ≤ y < bottom`. */
export interface Region {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

/** For each place on a finer axis the two places of a coarser one around it, and how far it is from the first to the second, 0..1. */
export interface Between {
  readonly low: Uint32Array
  readonly high: Uint32Array
  readonly fraction: Float32Array
}

/** Centres of `size` equal cells on a line, seen from the centres of `fine` equal cells on the same line; beyond the outermost they hold. */
export function betweenCells(size: number, fine: number): Between {
  return between(size, fine, (index) => ((index + 0.5) * size) / fine - 0.5)
}

/** Every `step`-th of `fine` places from `first` on, seen from all of them. */
export function betweenSamples(size: number, fine: number, first: number, step: number): Between {
  return between(size, fine, (index) => (index - first) / step)
}

function between(size: number, fine: number, placeOf: (index: number) => number): Between {
  const axis = { low: new Uint32Array(fine), high: new Uint32Array(fine), fraction: new Float32Array(fine) }
  for (let index = 0; index < fine; index++) {
    const place = Math.min(size - 1, Math.max(0, placeOf(index)))
    axis.low[index] = Math.floor(place)
    axis.high[index] = Math.min(size - 1, Math.floor(place) + 1)
    axis.fraction[index] = place - Math.floor(place)
  }
  return axis
}

/** For each value among the labels, the smallest region that holds all cells of it, in order of the values. */
export function regionsOf(labels: ArrayLike<number>, { height, width }: Size): ReadonlyMap<number, Region> {
  const found = new Map<number, { left: number; top: number; right: number; bottom: number }>()
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const label = labels[y * width + x]!
      const region = found.get(label)
      if (region === undefined) found.set(label, { left: x, top: y, right: x + 1, bottom: y + 1 })
      else {
        region.left = Math.min(region.left, x)
        region.right = Math.max(region.right, x + 1)
        region.bottom = y + 1
      }
    }
  return new Map([...found].sort(([a], [b]) => a - b))
}

/** The region of `from`-sized cells in `to`-sized ones, grown by `margin` of the latter on every side and cut to what there is. */
export function scaleRegion({ left, top, right, bottom }: Region, from: Size, to: Size, margin: number): Region {
  return {
    left: Math.max(0, Math.floor((left * to.width) / from.width) - margin),
    top: Math.max(0, Math.floor((top * to.height) / from.height) - margin),
    right: Math.min(to.width, Math.ceil((right * to.width) / from.width) + margin),
    bottom: Math.min(to.height, Math.ceil((bottom * to.height) / from.height) + margin),
  }
}
