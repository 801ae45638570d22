/** @file A curve in a word's space: the mean of each part of it, as an SVG path. Pure. */

/** At most `count` points, each the mean of its share of `values`; what is not finite is left out. */
export function sparkPoints(values: ArrayLike<number>, count: number): readonly number[] {
  const finite = Array.from(values).filter((value) => Number.isFinite(value))
  if (finite.length <= count) return finite
  return Array.from({ length: count }, (_, bucket) => {
    const part = finite.slice(Math.floor((bucket * finite.length) / count), Math.floor(((bucket + 1) * finite.length) / count))
    return part.reduce((sum, value) => sum + value, 0) / part.length
  })
}

/** The points as a path in a box of `width` × `height`, its extremes touching the edges less `margin`; '' for fewer than two. */
export function sparkPath(points: readonly number[], width: number, height: number, margin = 1.5): string {
  if (points.length < 2) return ''
  const least = Math.min(...points)
  const span = Math.max(...points) - least
  const y = (value: number): number => (span === 0 ? height / 2 : margin + (1 - (value - least) / span) * (height - 2 * margin))
  const x = (index: number): number => margin + (index / (points.length - 1)) * (width - 2 * margin)
  return points.map((value, index) => `${index === 0 ? 'M' : 'L'}${x(index).toFixed(1)} ${y(value).toFixed(1)}`).join('')
}
