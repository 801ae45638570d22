/** @file What colour each point has, and the legend that explains it. Pure, over rows of the folder or over the points themselves. */
import { pointState } from './cloud-shader'

export type Rgb = readonly [red: number, green: number, blue: number]

/** Whether something is told of pictures, row by row, or of each point of a cloud of patches. */
export type ColouringPer = 'row' | 'point'

/** What points are coloured by. */
export type Colouring =
  | { readonly kind: 'plain' }
  /** Label of each row or point, int32; -1 for none. `colours` where categories have their own. */
  | { readonly kind: 'category'; readonly per?: ColouringPer; readonly labels: Int32Array; readonly names: readonly string[]; readonly colours?: readonly Rgb[] }
  /** float32; NaN for none. */
  | { readonly kind: 'number'; readonly per?: ColouringPer; readonly values: Float32Array; readonly low: number; readonly high: number }
  /** Colours themselves, uint8 [points, 3]. */
  | { readonly kind: 'colours'; readonly rgb: Uint8Array }

/** One line of a legend. */
export interface LegendEntry {
  /** Categories it stands for: one, or the rare ones together. */
  readonly categories: readonly number[]
  readonly name: string
  readonly colour: Rgb
  readonly total: number
  readonly selected: number
}

/** Told apart in both themes and, mostly, by colour-blind eyes. Source: Paul Tol's bright and muted schemes. */
export const palette: readonly Rgb[] = [
  [68, 119, 170],
  [238, 102, 119],
  [34, 136, 51],
  [204, 187, 68],
  [102, 204, 238],
  [170, 51, 119],
  [221, 138, 60],
  [136, 204, 150],
  [136, 124, 220],
  [160, 90, 60],
  [220, 150, 190],
]
const other: Rgb = [140, 146, 154]
const none: Rgb = [104, 110, 118]
export const plain: Rgb = [92, 184, 170]

/**
 * The most frequent categories among the points, each with a colour; the rare ones are one entry, and so are points without a category.
 * @param rows of the points
 */
export function legendOf(colouring: Extract<Colouring, { kind: 'category' }>, rows: Uint32Array, isSelected: (point: number) => boolean): readonly LegendEntry[] {
  const { labels, names, per, colours } = colouring
  // The last place is for none.
  const totals = new Uint32Array(names.length + 1)
  const selected = new Uint32Array(names.length + 1)
  for (let point = 0; point < rows.length; point++) {
    const label = labels[per === 'point' ? point : rows[point]!] ?? -1
    const place = label < 0 ? names.length : label
    totals[place]! += 1
    if (isSelected(point)) selected[place]! += 1
  }
  const present = names.map((_, category) => category).filter((category) => totals[category]! > 0)
  present.sort((a, b) => totals[b]! - totals[a]! || a - b)
  const entry = (categories: readonly number[], name: string, colour: Rgb): LegendEntry => ({
    categories,
    name,
    colour,
    total: categories.reduce((sum, category) => sum + totals[category < 0 ? names.length : category]!, 0),
    selected: categories.reduce((sum, category) => sum + selected[category < 0 ? names.length : category]!, 0),
  })
  // Categories that bring their colours need not share any.
  const fits = colours !== undefined || present.length <= palette.length ? present.length : palette.length - 1
  const shown = present.slice(0, fits).map((category, index) => entry([category], names[category] ?? '', colours?.[category] ?? palette[index] ?? other))
  const rare = present.slice(fits)
  if (rare.length > 0) shown.push(entry(rare, `Other (${rare.length})`, other))
  if (totals[names.length]! > 0) shown.push(entry([-1], 'None', none))
  return shown
}

export interface TintOptions {
  /** Rows of the points. */
  readonly rows: Uint32Array
  readonly colouring: Colouring
  /** Of a category colouring. */
  readonly legend: readonly LegendEntry[]
  /** Categories that are not shown. */
  readonly hidden: ReadonlySet<number>
  readonly isSelected: (point: number) => boolean
  /** Whether something is selected at all: the rest is dimmed then. */
  readonly hasSelection: boolean
  /** 256 colours of a number, uint8 [256, 3]. */
  readonly colourMap: Uint8Array
}

/** Colour and state of each point, uint8 [points, 4]. */
export function tintsOf({ rows, colouring, legend, hidden, isSelected, hasSelection, colourMap }: TintOptions): Uint8Array {
  const tints = new Uint8Array(4 * rows.length)
  const colours = new Map(legend.flatMap(({ categories, colour }) => categories.map((category) => [category, colour] as const)))
  for (let point = 0; point < rows.length; point++) {
    let colour: Rgb = plain
    let state = 0
    if (colouring.kind === 'category') {
      const category = colouring.labels[colouring.per === 'point' ? point : rows[point]!] ?? -1
      colour = colours.get(category) ?? none
      if (hidden.has(category)) state |= pointState.hidden
    } else if (colouring.kind === 'number') {
      const value = colouring.values[colouring.per === 'point' ? point : rows[point]!] ?? NaN
      if (Number.isNaN(value)) colour = none
      else {
        const range = colouring.high - colouring.low
        const place = 3 * Math.round(255 * Math.min(1, Math.max(0, range > 0 ? (value - colouring.low) / range : 0.5)))
        colour = [colourMap[place]!, colourMap[place + 1]!, colourMap[place + 2]!]
      }
    } else if (colouring.kind === 'colours') colour = [colouring.rgb[3 * point] ?? none[0], colouring.rgb[3 * point + 1] ?? none[1], colouring.rgb[3 * point + 2] ?? none[2]]
    if (isSelected(point)) state |= pointState.selected
    else if (hasSelection) state |= pointState.dimmed
    tints[4 * point] = colour[0]
    tints[4 * point + 1] = colour[1]
    tints[4 * point + 2] = colour[2]
    tints[4 * point + 3] = state
  }
  return tints
}

/** Numbers of rows or points as a colouring: the range leaves out the extreme hundredth on either side, so that one outlier does not grey the rest. */
export function numberColouring(values: Float32Array, per: ColouringPer = 'row'): Colouring {
  const known = values.filter((value) => !Number.isNaN(value)).sort()
  const at = (share: number): number => known[Math.round(share * (known.length - 1))] ?? 0
  return { kind: 'number', per, values, low: at(0.01), high: at(0.99) }
}

/** Where points lie as their colours: across is red, up is green, deep is blue; uint8 [points, 3]. @param coordinates float32 [points, dims] */
export function placeColouring(coordinates: Float32Array, dims: 2 | 3): Colouring {
  const points = coordinates.length / dims
  const rgb = new Uint8Array(3 * points).fill(128)
  for (let axis = 0; axis < dims; axis++) {
    let [low, high] = [Infinity, -Infinity]
    for (let point = 0; point < points; point++) {
      const value = coordinates[point * dims + axis]!
      low = Math.min(low, value)
      high = Math.max(high, value)
    }
    for (let point = 0; point < points; point++) rgb[3 * point + axis] = high > low ? Math.round(30 + (215 * (coordinates[point * dims + axis]! - low)) / (high - low)) : 128
  }
  return { kind: 'colours', rgb }
}

/** Words of rows as a colouring; rows with undefined have none. */
export function categoryColouring(words: readonly (string | undefined)[]): Colouring {
  const places = new Map<string, number>()
  const labels = Int32Array.from(words, (word) => {
    if (word === undefined) return -1
    const known = places.get(word)
    if (known !== undefined) return known
    places.set(word, places.size)
    return places.size - 1
  })
  return { kind: 'category', labels, names: [...places.keys()] }
}
