/** @file The numbers of the runs that are looked at: pulled from their files, moved on at once by what is pushed. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import type { MetricSeries, RunInfo } from '../../engine/contract'
import { useClient } from '../services/client'
import { problemOf, type Problem } from '../services/problem'
import { isLive } from '../services/run-text'
import { appendSeries, appendStep, createMetricTable, lastStep, seriesOf, settledStep, truncateFrom, type MetricTable } from './metric-table'
import { useRunsStore } from './runs'

/** A live run's file is read at most this often; between two reads the pushed values carry the curves. */
const pullEveryMs = 2000

interface Watched {
  readonly table: MetricTable
  watchers: number
  pulling: boolean
  pullAgain: boolean
  pulledAtMs: number
}

const nothing: MetricSeries = { steps: new Float64Array(), columns: {} }

export const useRunMetricsStore = defineStore('run-metrics', () => {
  const runs = useRunsStore()
  /** Counts changes, so that what was read from the tables can be read again. */
  const version = shallowRef(0)
  const problems = shallowRef<Readonly<Record<string, Problem | undefined>>>({})
  const watched = new Map<string, Watched>()

  const pull = async (runId: string): Promise<void> => {
    const entry = watched.get(runId)
    if (entry === undefined) return
    if (entry.pulling) {
      entry.pullAgain = true
      return
    }
    entry.pulling = true
    entry.pullAgain = false
    entry.pulledAtMs = performance.now()
    try {
      const afterStep = settledStep(entry.table)
      const series = await useClient()['runs.metrics']({ runId, afterStep })
      // A table that went back meanwhile would get a hole.
      if (settledStep(entry.table) === afterStep) appendSeries(entry.table, series)
      else entry.pullAgain = true
      problems.value = { ...problems.value, [runId]: undefined }
    } catch (error) {
      problems.value = { ...problems.value, [runId]: problemOf(error) }
    }
    entry.pulling = false
    version.value += 1
    if (entry.pullAgain) void pull(runId)
  }

  const follow = (run: RunInfo): void => {
    const entry = watched.get(run.id)
    if (entry === undefined) return
    const { latest } = run
    if (latest !== undefined) {
      // The run went back to a checkpoint: what came after it is being made again.
      if (latest.step < lastStep(entry.table) && isLive(run)) truncateFrom(entry.table, latest.step)
      if (appendStep(entry.table, latest)) version.value += 1
    }
    const due = performance.now() - entry.pulledAtMs >= pullEveryMs
    if (due || (!isLive(run) && settledStep(entry.table) < lastStep(entry.table))) void pull(run.id)
  }
  runs.onChange(follow)

  /** Reads the run's numbers and keeps them current until the returned function is called. */
  const watch = (runId: string): (() => void) => {
    const entry = watched.get(runId) ?? { table: createMetricTable(), watchers: 0, pulling: false, pullAgain: false, pulledAtMs: -Infinity }
    watched.set(runId, entry)
    entry.watchers += 1
    void pull(runId)
    let stopped = false
    return () => {
      if (stopped) return
      stopped = true
      entry.watchers -= 1
      if (entry.watchers === 0) watched.delete(runId)
    }
  }

  /** What is known of a watched run; valid until the next change of `version`. */
  const series = (runId: string): MetricSeries => {
    void version.value
    const entry = watched.get(runId)
    return entry === undefined ? nothing : seriesOf(entry.table)
  }
  /** Whether its file has been read, so that an empty table means an empty run. */
  const isRead = (runId: string): boolean => (version.value >= 0, watched.get(runId)?.pulledAtMs !== -Infinity && watched.get(runId)?.pulling === false)
  const problemOfRun = (runId: string): Problem | undefined => problems.value[runId]

  return { version, watch, pull, series, isRead, problemOfRun }
})
