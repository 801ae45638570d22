/** @file Where points are on the screen, which are inside a shape drawn there, and which is under the pointer. Pure, over typed arrays. */

/** Points as the screen shows them. */
export interface ScreenPoints {
  /** CSS pixels from the left top, float32 [points, 2]; NaN for a point that is behind the eye or hidden. */
  readonly places: Float32Array
  /** Depth of each, -1 near to 1 far, float32 [points]. */
  readonly depths: Float32Array
}

export interface ScreenSize {
  readonly width: number
  readonly height: number
}

/**
 * Projects points.
 * @param coordinates float32 [points, dims]; a missing third coordinate is 0
 * @param matrix projection × view, 16 numbers, column by column
 * @param isHidden points that no shape and no pointer finds
 */
export function projectPoints(coordinates: Float32Array, dims: 2 | 3, matrix: ArrayLike<number>, size: ScreenSize, isHidden: (point: number) => boolean): ScreenPoints {
  const count = coordinates.length / dims
  const places = new Float32Array(2 * count)
  const depths = new Float32Array(count)
  const m = Float64Array.from(matrix)
  for (let point = 0; point < count; point++) {
    const x = coordinates[point * dims]!
    const y = coordinates[point * dims + 1]!
    const z = dims === 3 ? coordinates[point * dims + 2]! : 0
    const w = m[3]! * x + m[7]! * y + m[11]! * z + m[15]!
    if (w <= 0 || isHidden(point)) {
      places[2 * point] = NaN
      continue
    }
    places[2 * point] = (((m[0]! * x + m[4]! * y + m[8]! * z + m[12]!) / w + 1) / 2) * size.width
    places[2 * point + 1] = ((1 - (m[1]! * x + m[5]! * y + m[9]! * z + m[13]!) / w) / 2) * size.height
    depths[point] = (m[2]! * x + m[6]! * y + m[10]! * z + m[14]!) / w
  }
  return { places, depths }
}

/** A closed shape: corners x, y, x, y, … in CSS pixels. */
export type Outline = readonly number[]

/** The corners of the rectangle between two points. */
export function rectangle(left: number, top: number, right: number, bottom: number): Outline {
  return [left, top, right, top, right, bottom, left, bottom]
}

/** Whether a point is inside, by the even-odd rule. */
export function isInside(outline: Outline, x: number, y: number): boolean {
  let inside = false
  for (let here = 0, before = outline.length - 2; here < outline.length; before = here, here += 2) {
    const [ax, ay, bx, by] = [outline[here]!, outline[here + 1]!, outline[before]!, outline[before + 1]!]
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside
  }
  return inside
}

/** Points within the shape, rising. Hidden ones are never inside. */
export function pointsInside({ places }: ScreenPoints, outline: Outline): Uint32Array {
  if (outline.length < 6) return new Uint32Array()
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
  for (let index = 0; index < outline.length; index += 2) {
    left = Math.min(left, outline[index]!)
    right = Math.max(right, outline[index]!)
    top = Math.min(top, outline[index + 1]!)
    bottom = Math.max(bottom, outline[index + 1]!)
  }
  const found: number[] = []
  for (let point = 0; 2 * point < places.length; point++) {
    const x = places[2 * point]!
    const y = places[2 * point + 1]!
    // NaN compares as false.
    if (x >= left && x <= right && y >= top && y <= bottom && isInside(outline, x, y)) found.push(point)
  }
  return Uint32Array.from(found)
}

/** The point under the pointer: the nearest to it within `reach` CSS pixels, of two that lie on each other the one in front. */
export function pointAt({ places, depths }: ScreenPoints, x: number, y: number, reach: number): number | undefined {
  let best: number | undefined
  let bestScore = Infinity
  for (let point = 0; 2 * point < places.length; point++) {
    const dx = places[2 * point]! - x
    const dy = places[2 * point + 1]! - y
    const distance = dx * dx + dy * dy
    if (!(distance <= reach * reach)) continue
    // Depth decides among points that the eye cannot tell apart.
    const score = Math.round(Math.sqrt(distance) / 2) + (depths[point]! + 1) / 4
    if (score >= bestScore) continue
    best = point
    bestScore = score
  }
  return best
}

/**
 * Visible points whose pictures can be shown without hiding each other much, at most `count`: those nearest to the eye first,
 * each at least `spacing` CSS pixels from the others.
 */
export function roomForPictures({ places, depths }: ScreenPoints, size: ScreenSize, count: number, spacing: number): number[] {
  const visible: number[] = []
  for (let point = 0; 2 * point < places.length; point++) {
    const x = places[2 * point]!
    const y = places[2 * point + 1]!
    if (x >= 0 && x <= size.width && y >= 0 && y <= size.height) visible.push(point)
  }
  visible.sort((a, b) => depths[a]! - depths[b]! || a - b)
  const columns = Math.ceil(size.width / spacing) + 1
  // Points that were given room, by cells as large as the spacing: only the cells around can hold one that is too near.
  const taken = new Map<number, number>()
  const isFree = (x: number, y: number, cell: number): boolean => {
    for (const row of [-columns, 0, columns])
      for (const column of [-1, 0, 1]) {
        const other = taken.get(cell + row + column)
        if (other !== undefined && Math.max(Math.abs(places[2 * other]! - x), Math.abs(places[2 * other + 1]! - y)) < spacing) return false
      }
    return true
  }
  const chosen: number[] = []
  for (const point of visible) {
    if (chosen.length === count) break
    const x = places[2 * point]!
    const y = places[2 * point + 1]!
    const cell = Math.floor(y / spacing) * columns + Math.floor(x / spacing)
    if (!isFree(x, y, cell)) continue
    taken.set(cell, point)
    chosen.push(point)
  }
  return chosen
}
