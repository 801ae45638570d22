/** @file The probe pictures of the runs that are looked at: every frame there is, read again now and then while a run works. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import type { ProbeFrame } from '../../engine/contract'
import { useClient } from '../services/client'
import { problemOf, type Problem } from '../services/problem'
import { isLive } from '../services/run-text'
import { useRunsStore } from './runs'

const readEveryMs = 10_000

export const useRunProbesStore = defineStore('run-probes', () => {
  const runs = useRunsStore()
  const runId = shallowRef<string>()
  const frames = shallowRef<readonly ProbeFrame[]>([])
  const loaded = shallowRef(false)
  const problem = shallowRef<Problem>()
  let timer: ReturnType<typeof setInterval> | undefined

  const read = async (): Promise<void> => {
    const id = runId.value
    if (id === undefined) return
    try {
      const found = await useClient()['runs.probes']({ runId: id })
      if (runId.value !== id) return
      // The same frames again would make pictures flicker.
      if (found.length !== frames.value.length || found.at(-1)?.step !== frames.value.at(-1)?.step) frames.value = found
      loaded.value = true
      problem.value = undefined
    } catch (error) {
      if (runId.value === id) problem.value = problemOf(error)
    }
  }

  const leave = (): void => {
    clearInterval(timer)
    runId.value = undefined
    frames.value = []
    loaded.value = false
    problem.value = undefined
  }

  /** Reads the frames of a run and goes on reading while it works. */
  const show = async (id: string): Promise<void> => {
    leave()
    runId.value = id
    timer = setInterval(() => {
      const run = runs.runOf(id)
      if (document.visibilityState === 'visible' && run !== undefined && isLive(run)) void read()
    }, readEveryMs)
    await read()
  }

  runs.onChange((run) => {
    if (run.id === runId.value && run.state === 'finished') void read()
  })

  return { runId, frames, loaded, problem, show, leave, read }
})
