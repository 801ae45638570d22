/**
 * @file The numbers of a run as growing columns. Rows pulled from the run's file are settled; rows pushed while it learns
 * are provisional, shown at once, and replaced by what the file says about the same steps.
 */
import type { MetricSeries, StepMetrics } from '../../engine/contract'

export interface MetricTable {
  /** Rows in use; the arrays have room to spare. */
  length: number
  /** Rows that came from the run's file. */
  settled: number
  steps: Float64Array
  readonly columns: Map<string, Float64Array>
}

const firstCapacity = 256

export function createMetricTable(): MetricTable {
  return { length: 0, settled: 0, steps: new Float64Array(firstCapacity), columns: new Map() }
}

/** The step to pull after, -1 for all of them. */
export function settledStep(table: MetricTable): number {
  return table.settled === 0 ? -1 : (table.steps[table.settled - 1] ?? -1)
}

/** The newest step, provisional ones included; -1 where there is none. */
export function lastStep(table: MetricTable): number {
  return table.length === 0 ? -1 : (table.steps[table.length - 1] ?? -1)
}

const grown = (values: Float64Array, capacity: number): Float64Array => {
  const larger = new Float64Array(capacity).fill(NaN)
  larger.set(values)
  return larger
}

function reserve(table: MetricTable, rows: number): void {
  if (rows <= table.steps.length) return
  const capacity = Math.max(rows, table.steps.length * 2)
  table.steps = grown(table.steps, capacity)
  for (const [name, values] of table.columns) table.columns.set(name, grown(values, capacity))
}

function columnOf(table: MetricTable, name: string): Float64Array {
  const known = table.columns.get(name)
  if (known !== undefined) return known
  const column = new Float64Array(table.steps.length).fill(NaN)
  table.columns.set(name, column)
  return column
}

/** The first row whose step is `step` or later, by halving. */
export function rowFrom(steps: ArrayLike<number>, length: number, step: number): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((steps[middle] ?? Infinity) < step) low = middle + 1
    else high = middle
  }
  return low
}

/** Drops every row from `step` on: the run went back to a checkpoint. */
export function truncateFrom(table: MetricTable, step: number): void {
  const length = rowFrom(table.steps, table.length, step)
  for (const values of table.columns.values()) values.fill(NaN, length, table.length)
  table.length = length
  table.settled = Math.min(table.settled, length)
}

/** Adds one pushed row. One that is not newer than the last changes nothing. */
export function appendStep(table: MetricTable, { step, values }: StepMetrics): boolean {
  if (step <= lastStep(table)) return false
  reserve(table, table.length + 1)
  table.steps[table.length] = step
  for (const [name, value] of Object.entries(values)) columnOf(table, name)[table.length] = value
  table.length += 1
  return true
}

function provisionalRows(table: MetricTable, afterStep: number): readonly StepMetrics[] {
  const rows: StepMetrics[] = []
  for (let row = rowFrom(table.steps, table.length, afterStep + 1); row < table.length; row += 1) {
    const values = [...table.columns].map(([name, column]) => [name, column[row] ?? NaN] as const).filter(([, value]) => !Number.isNaN(value))
    rows.push({ step: table.steps[row] ?? 0, values: Object.fromEntries(values) })
  }
  return rows
}

/** Adds rows pulled from the run's file, in place of whatever the table says about their steps. */
export function appendSeries(table: MetricTable, series: MetricSeries): void {
  const rows = series.steps.length
  if (rows === 0) return
  const newer = provisionalRows(table, series.steps[rows - 1] ?? 0)
  // What was pushed before the first new row and is not in the file was never written.
  const from = Math.min(table.settled, rowFrom(table.steps, table.settled, series.steps[0] ?? 0))
  for (const values of table.columns.values()) values.fill(NaN, from, table.length)
  reserve(table, from + rows)
  table.steps.set(series.steps, from)
  for (const [name, values] of Object.entries(series.columns)) columnOf(table, name).set(values, from)
  table.length = from + rows
  table.settled = table.length
  for (const row of newer) appendStep(table, row)
}

/** What there is, without copying: valid until the table changes. */
export function seriesOf(table: MetricTable): MetricSeries {
  const columns = [...table.columns].map(([name, values]) => [name, values.subarray(0, table.length)] as const)
  return { steps: table.steps.subarray(0, table.length), columns: Object.fromEntries(columns) }
}
