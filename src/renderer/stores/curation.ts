/** @file A balanced choice of the open folder's pictures: planned, looked at, and only then used. */
import { defineStore } from 'pinia'
import type { CurateRequest, CurationPlan } from '../../engine/contract'
import { useClient } from '../services/client'
import { createLibraryWork } from './library-work'

export type CurationChoice = Pick<CurateRequest, 'target' | 'clusters' | 'duplicateSimilarity'>

const seed = 1

export const useCurationStore = defineStore('curation', () => {
  const work = createLibraryWork<CurationPlan>('Planning the choice')
  const plan = async (choice: CurationChoice): Promise<void> => {
    await work.run((where, onProgress) => useClient()['structure.curate']({ ...where, ...choice, rows: undefined, seed }, onProgress))
  }
  return { state: work.state, result: work.result, plan, stop: work.stop }
})
