/** @file Curves as inline SVG: the measured points faintly, their running mean strongly, colours from the page's style. */
import { numberText, type Point } from './figures'
import { html, type Markup } from './html'

export interface Curve {
  readonly label: string
  readonly points: readonly Point[]
}

export interface Chart {
  readonly title: string
  /** What it says and what is good, in a sentence. */
  readonly note: string
  readonly curves: readonly Curve[]
  /** A level to hold the curves against. */
  readonly reference?: { readonly label: string; readonly value: number }
  readonly format?: (value: number) => string
  /** Whether steps differ by chance, so that their running mean says more. */
  readonly noisy?: boolean
}

const width = 520
const height = 196
const plot = { left: 52, right: 508, top: 10, bottom: 170 } as const
/** Columns of a line; more would not be seen. */
const columns = 260
/** From here on a noisy curve is drawn by its mean. */
const manyPoints = 120

/** The round numbers within a range, about `wanted` of them. */
export function niceTicks(low: number, high: number, wanted: number): number[] {
  if (!(high > low)) return [low]
  const rough = (high - low) / wanted
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * (rough / power > 7 ? 10 : rough / power > 3.5 ? 5 : rough / power > 1.5 ? 2 : 1)
  const first = Math.ceil(low / step - 1e-9)
  const count = Math.floor(high / step + 1e-9) - first + 1
  // Multiples rather than sums, so that 0.3 is 0.3.
  return Array.from({ length: count }, (_, index) => Number(((first + index) * step).toPrecision(12)))
}

/** The running mean over about a sixtieth of the points. */
export function smoothed(points: readonly Point[]): Point[] {
  const share = Math.min(1, 60 / points.length)
  let [mean, weight] = [0, 0]
  return points.map(({ step, value }) => {
    weight += (1 - weight) * share
    mean += ((value - mean) * share) / weight
    return { step, value: mean }
  })
}

/** At most two points per column, the lowest and the highest, so that no spike is lost. */
export function thinned(points: readonly Point[]): Point[] {
  if (points.length <= 2 * columns) return [...points]
  return Array.from({ length: columns }, (_, column) => {
    const part = points.slice(Math.floor((column * points.length) / columns), Math.floor(((column + 1) * points.length) / columns))
    const lowest = part.reduce((best, point) => (point.value < best.value ? point : best))
    const highest = part.reduce((best, point) => (point.value > best.value ? point : best))
    return lowest.step <= highest.step ? [lowest, highest] : [highest, lowest]
  }).flat()
}

/** Range of values with some air; from 0 where that is near. */
function valueRange(values: readonly number[]): readonly [number, number] {
  let low = Math.min(...values)
  let high = Math.max(...values)
  if (low >= 0 && low < 0.4 * high) low = 0
  if (high <= 0 && high > 0.4 * low) high = 0
  const air = (high - low || Math.abs(high) || 1) * 0.06
  return [low === 0 ? 0 : low - air, high === 0 ? 0 : high + air]
}

function path(points: readonly Point[], x: (step: number) => number, y: (value: number) => number): string {
  return points.map(({ step, value }, index) => `${index === 0 ? 'M' : 'L'}${x(step).toFixed(1)} ${y(value).toFixed(1)}`).join('')
}

function legend(curves: readonly Curve[], noisy: boolean, format: (value: number) => string): Markup {
  const entries = curves.map(({ label, points }, index) => html`<li><i class="swatch c${index}"></i>${label} <b>${format((noisy ? smoothed(points) : points).at(-1)?.value ?? NaN)}</b></li>`)
  return html`<ul class="legend">${entries}</ul>`
}

/** A figure with its curves; undefined where nothing was measured. */
export function chartFigure({ title, note, curves, reference, format = numberText, noisy = false }: Chart): Markup | undefined {
  const drawn = curves.filter(({ points }) => points.length > 0)
  if (drawn.length === 0) return undefined
  const steps = drawn.flatMap(({ points }) => [points[0]?.step ?? 0, points.at(-1)?.step ?? 0])
  const [from, to] = [Math.min(...steps), Math.max(...steps)]
  const thin = drawn.map(({ points }) => thinned(points))
  const [low, high] = valueRange([...thin.flatMap((points) => points.map(({ value }) => value)), ...(reference === undefined ? [] : [reference.value])])
  const x = (step: number): number => (to > from ? plot.left + ((step - from) / (to - from)) * (plot.right - plot.left) : (plot.left + plot.right) / 2)
  const y = (value: number): number => plot.bottom - ((value - low) / (high - low)) * (plot.bottom - plot.top)
  // The first curve matters most and is drawn last, over the others.
  const lines = drawn.map(({ points }, index) => {
    const raw = thin[index] ?? []
    if (points.length === 1) return html`<circle class="c${index}" cx="${x(from).toFixed(1)}" cy="${y(points[0]?.value ?? 0).toFixed(1)}" r="3"/>`
    if (!noisy || points.length < manyPoints) return html`<path class="line c${index}" d="${path(raw, x, y)}"/>`
    return html`<path class="line raw c${index}" d="${path(raw, x, y)}"/><path class="line c${index}" d="${path(thinned(smoothed(points)), x, y)}"/>`
  })
  const across = niceTicks(low, high, 4).map((tick) => html`<path class="grid" d="M${plot.left} ${y(tick).toFixed(1)}H${plot.right}"/><text x="${plot.left - 7}" y="${(y(tick) + 3.5).toFixed(1)}" text-anchor="end">${format(tick)}</text>`)
  const along = niceTicks(from, to, 5).map((tick) => html`<text x="${x(tick).toFixed(1)}" y="${plot.bottom + 17}" text-anchor="middle">${numberText(tick)}</text>`)
  const held = reference === undefined ? undefined : html`<path class="reference" d="M${plot.left} ${y(reference.value).toFixed(1)}H${plot.right}"/><text class="named" x="${plot.right}" y="${(y(reference.value) - 5).toFixed(1)}" text-anchor="end">${reference.label}</text>`
  return html`<figure class="chart"><figcaption><h3>${title}</h3><p>${note}</p>${legend(drawn, noisy, format)}</figcaption><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title} over steps">${across}${along}<path class="axis" d="M${plot.left} ${plot.bottom}H${plot.right}"/>${held}${lines.reverse()}</svg></figure>`
}
