/** @file Numbers as a report writes them, and the few that sum up a run. */
import type { MetricSeries } from '../../../contract'

/** A measured value and the step it belongs to. */
export interface Point {
  readonly step: number
  readonly value: number
}

/** The measured points of a column, in order of steps. */
export function pointsOf({ steps, columns }: MetricSeries, name: string): Point[] {
  const column = columns[name]
  if (column === undefined) return []
  return Array.from(steps, (step, index) => ({ step, value: column[index] ?? NaN })).filter(({ value }) => Number.isFinite(value))
}

/** Mean value over the first or last `share` of the points, at least one; undefined where there is none. */
export function levelOf(points: readonly Point[], end: 'first' | 'last', share = 0.02): number | undefined {
  const count = Math.max(1, Math.round(points.length * share))
  const some = end === 'first' ? points.slice(0, count) : points.slice(-count)
  return some.length === 0 ? undefined : some.reduce((sum, { value }) => sum + value, 0) / some.length
}

/** A number at three digits that count, without an exponent where it can be read without. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return '–'
  if (value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6)) return value.toExponential(1).replace('.0e', 'e').replace('e+', 'e').replaceAll('-', '−')
  const text = Math.abs(value) >= 1000 ? value.toFixed(0) : Number(value.toPrecision(3)).toString()
  return text.replace('-', '−')
}

/** `12 345`, with thin spaces. */
export function countText(value: number): string {
  return Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, '\u202f')
}

export function percentText(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}

/** `7 h 12 min`. */
export function durationText(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000))
  if (seconds < 90) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 90) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`
}

export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3))
  return `${numberText(bytes / 1000 ** power)} ${units[power] ?? ''}`
}

/** `2026-11-25 07:30 UTC`, or the text itself where it is no time. */
export function timeText(iso: string): string {
  const time = new Date(iso)
  return Number.isNaN(time.getTime()) ? iso : `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
