/** @file The engine as the page sees it: whether it answers, what it runs on, how fast it was. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { isEngineError, type EngineStatus, type Throughput } from '../../engine/contract'
import { serverAnswers, useConnection } from '../services/client'
import { problemOf, type Problem } from '../services/problem'

export type EngineLink =
  | { readonly phase: 'connecting' }
  | { readonly phase: 'ready' }
  | { readonly phase: 'lost'; readonly reason: string; readonly retry: 'idle' | 'trying' | 'unreachable' }

const statusEveryMs = 5000

export const useEngineStore = defineStore('engine', () => {
  const link = shallowRef<EngineLink>({ phase: 'connecting' })
  const status = shallowRef<EngineStatus>()
  /** Why the engine, though it can be reached, does not tell its status: its runtime could not start. */
  const problem = shallowRef<Problem>()
  const throughput = shallowRef<Throughput>()
  let timer: ReturnType<typeof setInterval> | undefined

  const lose = (reason: string): void => {
    clearInterval(timer)
    problem.value = undefined
    link.value = { phase: 'lost', reason, retry: 'idle' }
  }

  const refresh = async (): Promise<void> => {
    try {
      status.value = await useConnection().client['engine.status'](undefined)
      problem.value = undefined
      if (link.value.phase === 'connecting') link.value = { phase: 'ready' }
    } catch (error) {
      // An engine that is gone is told by its port; one that fails is asked again.
      if (!isEngineError(error, 'ENGINE_EXITED')) problem.value = problemOf(error)
    }
  }

  /** Listens to the engine and asks for its status now and then while the page can be seen. */
  const start = async (): Promise<void> => {
    const connection = useConnection()
    connection.onClose(lose)
    connection.client['engine.throughput']((value) => {
      throughput.value = value
    })
    timer = setInterval(() => {
      if (document.visibilityState === 'visible') void refresh()
    }, statusEveryMs)
    await refresh()
  }

  /** Loads the page again, which brings a new engine, once there is something to load it from. */
  const restart = async (): Promise<void> => {
    if (link.value.phase !== 'lost') return
    link.value = { ...link.value, retry: 'trying' }
    if (await serverAnswers()) location.reload()
    else link.value = { ...link.value, retry: 'unreachable' }
  }

  return { link, status, problem, throughput, start, refresh, restart }
})
