/** @file The job that turns a folder into vectors, and its dialog's state. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import type { EmbedRequest, EmbedResult, JobHandle } from '../../engine/contract'
import { useClient } from '../services/client'
import { formatQuantity } from '../services/format'
import { isCancelled, problemOf } from '../services/problem'
import { reduceEmbed, type EmbedChange, type EmbedFolder, type EmbedState } from './embed-reducer'
import { useJobsStore } from './jobs'
import { useNoticesStore } from './notices'

export const useEmbedStore = defineStore('embed', () => {
  const jobs = useJobsStore()
  const notices = useNoticesStore()
  const state = shallowRef<EmbedState>({ phase: 'idle' })
  const dialogOpen = shallowRef(false)
  let running: JobHandle<EmbedResult> | undefined

  const dispatch = (change: EmbedChange): void => {
    state.value = reduceEmbed(state.value, change)
  }

  /** Embeds what `request` names; `folder` is how its folder is told apart from one opened meanwhile. */
  const start = async (request: EmbedRequest, folder: EmbedFolder): Promise<void> => {
    if (state.value.phase === 'running') return
    dispatch({ kind: 'start', folder })
    const line = jobs.begin('Embedding folder')
    running = useClient()['embed.run'](request, (event) => {
      if (event.kind === 'progress') line.report(event)
      dispatch(event)
    })
    line.attach(running)
    try {
      const result = await running.result
      dispatch({ kind: 'finished', result })
      if (!dialogOpen.value) notices.show('done', `The vectors of ${formatQuantity(result.images, 'image')} are ready under Embed.`)
    } catch (error) {
      dispatch(isCancelled(error) ? { kind: 'cancelled' } : { kind: 'failed', problem: problemOf(error) })
      if (!dialogOpen.value && !isCancelled(error)) notices.show('problem', `Embedding failed: ${problemOf(error).message}`)
    }
  }

  const stop = async (): Promise<void> => {
    dispatch({ kind: 'stop' })
    await running?.cancel()
  }

  const dismiss = (): void => {
    dispatch({ kind: 'dismiss' })
  }

  return { state, dialogOpen, start, stop, dismiss }
})
