/** @file The loss of every listed run in a few points, for the small curves of the list. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { sparkPoints } from '../charts/spark'
import { useClient } from '../services/client'
import { appendSeries, appendStep, createMetricTable, seriesOf, type MetricTable } from './metric-table'
import { useRunsStore } from './runs'

/** A long run's list entry shows the end of its curve: this many steps. */
const stepsShown = 5000
const pointCount = 64
const column = 'loss'

export const useRunSparksStore = defineStore('run-sparks', () => {
  const runs = useRunsStore()
  const points = shallowRef<Readonly<Record<string, readonly number[]>>>({})
  const tables = new Map<string, MetricTable>()
  let queue: Promise<void> = Promise.resolve()

  const show = (runId: string, table: MetricTable): void => {
    points.value = { ...points.value, [runId]: sparkPoints(seriesOf(table).columns[column] ?? [], pointCount) }
  }

  const read = async (runId: string, table: MetricTable): Promise<void> => {
    const afterStep = Math.max(-1, (runs.runOf(runId)?.step ?? 0) - stepsShown)
    try {
      const series = await useClient()['runs.metrics']({ runId, afterStep })
      const loss = series.columns[column]
      if (loss !== undefined) appendSeries(table, { steps: series.steps, columns: { [column]: loss } })
      show(runId, table)
    } catch {
      // A list without its small curve is still a list; the run's own page says what is wrong.
      tables.delete(runId)
    }
  }

  /** Reads the curve of a run that is listed, one run at a time. */
  const want = (runId: string): void => {
    if (tables.has(runId)) return
    const table = createMetricTable()
    tables.set(runId, table)
    queue = queue.then(() => read(runId, table))
  }

  runs.onChange(({ id, latest }) => {
    const table = tables.get(id)
    const loss = latest?.values[column]
    if (table !== undefined && latest !== undefined && loss !== undefined && appendStep(table, { step: latest.step, values: { [column]: loss } })) show(id, table)
  })

  return { points, want }
})
