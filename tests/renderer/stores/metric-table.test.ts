/** @file Columns that grow: settled rows from the file, provisional ones from pushes, and going back to a checkpoint. */
import { describe, expect, it } from 'vitest'
import type { MetricSeries } from '../../../src/engine/contract'
import { appendSeries, appendStep, createMetricTable, lastStep, rowFrom, seriesOf, settledStep, truncateFrom } from '../../../src/renderer/stores/metric-table'

const series = (steps: readonly number[], columns: Readonly<Record<string, readonly number[]>>): MetricSeries => ({
  steps: Float64Array.from(steps),
  columns: Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, Float64Array.from(values)])),
})
const plain = (table: ReturnType<typeof createMetricTable>) => {
  const { steps, columns } = seriesOf(table)
  return { steps: [...steps], columns: Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, [...values]])) }
}

describe('metric table', () => {
  it('joins what is pulled part after part, and columns that come later', () => {
    const table = createMetricTable()
    appendSeries(table, series([1, 2], { loss: [9, 8] }))
    appendSeries(table, series([3, 4], { loss: [7, 6], knn: [NaN, 0.3] }))
    expect(plain(table)).toEqual({ steps: [1, 2, 3, 4], columns: { loss: [9, 8, 7, 6], knn: [NaN, NaN, NaN, 0.3] } })
    expect([settledStep(table), lastStep(table)]).toEqual([4, 4])
  })

  it('shows pushed rows at once and lets the file replace them, keeping those the file does not have yet', () => {
    const table = createMetricTable()
    appendSeries(table, series([1], { loss: [9] }))
    appendStep(table, { step: 3, values: { loss: 7.5 } })
    appendStep(table, { step: 5, values: { loss: 5.5 } })
    expect([settledStep(table), lastStep(table)]).toEqual([1, 5])
    appendSeries(table, series([2, 3, 4], { loss: [8, 7, 6] }))
    expect(plain(table)).toEqual({ steps: [1, 2, 3, 4, 5], columns: { loss: [9, 8, 7, 6, 5.5] } })
    expect([settledStep(table), lastStep(table)]).toEqual([4, 5])
  })

  it('takes no pushed row that is not newer', () => {
    const table = createMetricTable()
    expect([appendStep(table, { step: 2, values: { loss: 1 } }), appendStep(table, { step: 2, values: { loss: 9 } }), appendStep(table, { step: 1, values: { loss: 9 } })]).toEqual([
      true,
      false,
      false,
    ])
    expect(plain(table)).toEqual({ steps: [2], columns: { loss: [1] } })
  })

  it('forgets what came after a checkpoint the run went back to, and leaves nothing of it in new rows', () => {
    const table = createMetricTable()
    appendSeries(table, series([1, 2, 3], { loss: [9, 8, 7], knn: [0.1, 0.2, 0.3] }))
    truncateFrom(table, 2)
    expect([settledStep(table), lastStep(table)]).toEqual([1, 1])
    appendStep(table, { step: 2, values: { loss: 8.5 } })
    expect(plain(table)).toEqual({ steps: [1, 2], columns: { loss: [9, 8.5], knn: [0.1, NaN] } })
  })

  it('replaces settled rows that the file tells again', () => {
    const table = createMetricTable()
    appendSeries(table, series([1, 2, 3], { loss: [9, 8, 7] }))
    appendSeries(table, series([2, 3], { loss: [4, 3] }))
    expect(plain(table)).toEqual({ steps: [1, 2, 3], columns: { loss: [9, 4, 3] } })
  })

  it('grows beyond its first size without losing a value', () => {
    const table = createMetricTable()
    for (let step = 1; step <= 1000; step += 1) appendStep(table, { step, values: { loss: 1 / step } })
    const { steps, columns } = seriesOf(table)
    expect([steps.length, steps[999], columns['loss']?.[0], columns['loss']?.[999]]).toEqual([1000, 1000, 1, 0.001])
  })

  it('finds the first row of a step', () => {
    expect([0, 1, 2, 3, 9].map((step) => rowFrom([1, 3, 5], 3, step))).toEqual([0, 0, 1, 1, 3])
  })
})
