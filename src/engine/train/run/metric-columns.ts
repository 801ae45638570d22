/** @file Rows of named numbers that grow into columns; NaN where a row has no value of a name. */
import type { MetricSeries } from '../../contract'
import type { StepLine } from './json-lines'

export interface MetricColumns {
  /** Adds a row, unless its step is not behind the last one. */
  add(line: StepLine): void
  /** Adds values to the row of the same step, if there is one; steps ascend from one call to the next. */
  join(line: StepLine): void
  series(): MetricSeries
}

const firstCapacity = 1024

export function createMetricColumns(): MetricColumns {
  let steps: Float64Array = new Float64Array(firstCapacity)
  const columns = new Map<string, Float64Array>()
  let length = 0
  let joined = 0

  const set = (row: number, line: StepLine): void => {
    for (const name in line) {
      if (name === 'step') continue
      let column = columns.get(name)
      if (column === undefined) columns.set(name, (column = new Float64Array(steps.length).fill(NaN)))
      column[row] = line[name] ?? NaN
    }
  }

  return {
    add: (line) => {
      if (length > 0 && line.step <= steps[length - 1]!) return
      if (length === steps.length) {
        steps = grown(steps)
        for (const [name, column] of columns) columns.set(name, grown(column))
      }
      steps[length] = line.step
      set(length++, line)
    },
    join: (line) => {
      while (joined < length && steps[joined]! < line.step) joined++
      if (joined < length && steps[joined] === line.step) set(joined, line)
    },
    series: () => ({
      steps: steps.slice(0, length),
      columns: Object.fromEntries(Array.from(columns, ([name, column]) => [name, column.slice(0, length)] as const)),
    }),
  }
}

function grown(column: Float64Array): Float64Array {
  const larger = new Float64Array(2 * column.length).fill(NaN)
  larger.set(column)
  return larger
}
