/** @file Evaluation on class folders: what is chosen, the run, and the results that are kept. */
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import { messageOf, type EvaluateResult, type EvaluationExport, type EvaluationExportRequest, type EvaluationFailure, type EvaluationList, type EvaluationProtocol, type JobHandle, type Pooling, type Progress } from '../../engine/contract'
import { useClient } from '../services/client'
import { isCancelled, problemOf, type Problem } from '../services/problem'
import { groupEvaluations } from './evaluation-table'
import { useJobsStore } from './jobs'
import { useModelsStore } from './models'
import { useNoticesStore } from './notices'

export type EvaluationWork =
  | { readonly phase: 'idle' }
  | { readonly phase: 'running'; readonly progress: Progress | undefined; readonly stopping: boolean }
  | { readonly phase: 'failed'; readonly problem: Problem }

/** What the last run could not do. */
export interface LastRun {
  readonly scored: number
  readonly skipped: number
  readonly failures: readonly EvaluationFailure[]
}

const nothing: EvaluationList = { evaluations: [], unreadable: [] }

export const useEvaluationStore = defineStore('evaluation', () => {
  const jobs = useJobsStore()
  const models = useModelsStore()
  const notices = useNoticesStore()
  const list = shallowRef<EvaluationList>(nothing)
  const loaded = shallowRef(false)
  const problem = shallowRef<Problem>()
  const folder = shallowRef('')
  const testFolder = shallowRef('')
  /** Models are scored unless they are taken out. */
  const left = shallowRef<ReadonlySet<string>>(new Set())
  const pixels = shallowRef(true)
  const protocols = shallowRef<ReadonlySet<EvaluationProtocol>>(new Set(['knn', 'linear', 'retrieval']))
  const pooling = shallowRef<Pooling>('cls')
  const perClass = shallowRef<number>()
  const work = shallowRef<EvaluationWork>({ phase: 'idle' })
  const last = shallowRef<LastRun>()
  /** The files of the last export, and of which set of pictures. */
  const exported = shallowRef<{ readonly hash: string; readonly files: EvaluationExport }>()
  let running: JobHandle<EvaluateResult> | undefined

  const groups = computed(() => groupEvaluations(list.value.evaluations))
  const modelIds = computed(() => models.models.map(({ id }) => id).filter((id) => !left.value.has(id)))
  const isReady = computed(() => folder.value.trim() !== '' && protocols.value.size > 0 && (modelIds.value.length > 0 || pixels.value))

  const toggled = <T>(set: ReadonlySet<T>, one: T): ReadonlySet<T> => {
    const next = new Set(set)
    if (!next.delete(one)) next.add(one)
    return next
  }
  const toggleModel = (modelId: string): void => { left.value = toggled(left.value, modelId) }
  const toggleProtocol = (protocol: EvaluationProtocol): void => { protocols.value = toggled(protocols.value, protocol) }

  const load = async (): Promise<void> => {
    try {
      list.value = await useClient()['evaluate.list'](undefined)
      problem.value = undefined
      // The folders of last time, unless others are being chosen.
      const [newest] = groups.value
      if (!loaded.value && newest !== undefined && folder.value === '' && testFolder.value === '') {
        folder.value = newest.data.folder
        testFolder.value = newest.data.testFolder ?? ''
      }
      loaded.value = true
    } catch (error) {
      problem.value = problemOf(error)
    }
  }

  const run = async (): Promise<void> => {
    if (work.value.phase === 'running' || !isReady.value) return
    work.value = { phase: 'running', progress: undefined, stopping: false }
    const failures: EvaluationFailure[] = []
    let [scored, skipped] = [0, 0]
    const line = jobs.begin('Evaluating models')
    const chosen = ['knn', 'linear', 'retrieval'] as const
    const request = {
      folder: folder.value.trim(),
      testFolder: testFolder.value.trim() === '' ? undefined : testFolder.value.trim(),
      modelIds: modelIds.value,
      pixels: pixels.value,
      protocols: chosen.filter((protocol) => protocols.value.has(protocol)),
      pooling: pooling.value,
      perClass: perClass.value,
    }
    const job = useClient()['evaluate.run'](request, (event) => {
      if (event.kind === 'progress') {
        line.report(event)
        if (work.value.phase === 'running') work.value = { ...work.value, progress: event }
      }
      if (event.kind === 'skipped') skipped++
      if (event.kind === 'failed') failures.push(event.failure)
      if (event.kind === 'scored') {
        scored++
        const { evaluation } = event
        list.value = { ...list.value, evaluations: [evaluation, ...list.value.evaluations.filter(({ evaluationId }) => evaluationId !== evaluation.evaluationId)] }
      }
    })
    running = job
    line.attach(job)
    try {
      await job.result
      work.value = { phase: 'idle' }
    } catch (error) {
      work.value = isCancelled(error) ? { phase: 'idle' } : { phase: 'failed', problem: problemOf(error) }
    } finally {
      running = undefined
      last.value = { scored, skipped, failures }
      await load()
    }
  }
  const stop = async (): Promise<void> => {
    if (work.value.phase === 'running') work.value = { ...work.value, stopping: true }
    await running?.cancel()
  }

  const remove = async (evaluationIds: readonly string[]): Promise<void> => {
    try {
      await useClient()['evaluate.remove']({ evaluationIds })
    } catch (error) {
      notices.show('problem', `The results could not be removed: ${messageOf(error)}`)
    }
    await load()
  }
  const write = async (hash: string, request: EvaluationExportRequest): Promise<void> => {
    try {
      exported.value = { hash, files: await useClient()['evaluate.export'](request) }
    } catch (error) {
      notices.show('problem', `The results could not be written: ${messageOf(error)}`)
    }
  }

  return {
    list, loaded, problem, folder, testFolder, left, pixels, protocols, pooling, perClass, work, last, exported, groups, modelIds, isReady,
    toggleModel, toggleProtocol, load, run, stop, remove, write,
  }
})
