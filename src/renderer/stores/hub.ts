/** @file Official models: which there are, which are on their way, one at a time. */
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import type { HubEntry, JobHandle, HubDownload, Progress } from '../../engine/contract'
import { useClient } from '../services/client'
import { isCancelled, problemOf, type Problem } from '../services/problem'
import { useJobsStore } from './jobs'
import { useModelsStore } from './models'
import { useNoticesStore } from './notices'
import { useSettingsStore } from './settings'

/** A download that runs, or the one that failed last. */
export type HubWork =
  | { readonly phase: 'idle' }
  | { readonly phase: 'running'; readonly entryId: string; readonly progress: Progress | undefined; readonly stopping: boolean }
  | { readonly phase: 'failed'; readonly entryId: string; readonly problem: Problem }

export const useHubStore = defineStore('hub', () => {
  const models = useModelsStore()
  const settings = useSettingsStore()
  const jobs = useJobsStore()
  const notices = useNoticesStore()
  const entries = shallowRef<readonly HubEntry[]>([])
  const problem = shallowRef<Problem>()
  const work = shallowRef<HubWork>({ phase: 'idle' })
  let running: JobHandle<HubDownload> | undefined

  const backbones = computed(() => entries.value.filter(({ kind }) => kind === 'backbone'))
  const headsOf = (entryId: string): readonly HubEntry[] => entries.value.filter(({ backbone }) => backbone === entryId)

  const load = async (): Promise<void> => {
    try {
      entries.value = await useClient()['hub.list'](undefined)
      problem.value = undefined
    } catch (error) {
      problem.value = problemOf(error)
    }
  }
  const download = async ({ entryId, name }: HubEntry): Promise<void> => {
    if (work.value.phase === 'running') return
    work.value = { phase: 'running', entryId, progress: undefined, stopping: false }
    const line = jobs.begin(`Downloading ${name}`)
    const mirror = settings.values.mirror.trim()
    const job = useClient()['hub.download']({ entryId, mirror: mirror === '' ? undefined : mirror }, (progress) => {
      line.report(progress)
      if (work.value.phase === 'running') work.value = { ...work.value, progress }
    })
    running = job
    line.attach(job)
    try {
      const { modelId } = await job.result
      work.value = { phase: 'idle' }
      await models.load()
      notices.show('done', modelId === undefined ? `${name} is there; the inspector offers it.` : `${name} is there; choose it below.`)
    } catch (error) {
      work.value = isCancelled(error) ? { phase: 'idle' } : { phase: 'failed', entryId, problem: problemOf(error) }
    } finally {
      running = undefined
      await load()
    }
  }
  const stop = async (): Promise<void> => {
    if (work.value.phase === 'running') work.value = { ...work.value, stopping: true }
    await running?.cancel()
  }

  return { entries, backbones, problem, work, headsOf, load, download, stop }
})
