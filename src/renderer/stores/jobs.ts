/** @file The long work that is running, for the status bar: title, progress, cancel. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import type { JobHandle, Progress } from '../../engine/contract'

export interface RunningJob {
  readonly id: number
  readonly title: string
  readonly progress: Progress | undefined
  readonly stopping: boolean
}

/** One job's line, from the side that runs it. */
export interface JobLine {
  report(progress: Progress): void
  /** Ties the line to the work: cancel reaches it, and the line goes when it ends. */
  attach(handle: JobHandle<unknown>): void
}

export const useJobsStore = defineStore('jobs', () => {
  const running = shallowRef<readonly RunningJob[]>([])
  const handles = new Map<number, JobHandle<unknown>>()
  let lastId = 0

  const change = (id: number, changes: Partial<RunningJob>): void => {
    running.value = running.value.map((job) => (job.id === id ? { ...job, ...changes } : job))
  }

  const begin = (title: string): JobLine => {
    const id = ++lastId
    running.value = [...running.value, { id, title, progress: undefined, stopping: false }]
    const end = (): void => {
      handles.delete(id)
      running.value = running.value.filter((job) => job.id !== id)
    }
    return {
      report: (progress) => {
        change(id, { progress })
      },
      attach: (handle) => {
        handles.set(id, handle)
        handle.result.then(end, end)
      },
    }
  }

  const cancel = async (id: number): Promise<void> => {
    change(id, { stopping: true })
    await handles.get(id)?.cancel()
  }

  return { running, begin, cancel }
})
