/** @file One folder of the engine's disk after another, for the in-page picker. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import type { DirectoryListing } from '../../engine/contract'
import { useClient } from '../services/client'
import { problemOf, type Problem } from '../services/problem'

export const useBrowseStore = defineStore('browse', () => {
  const listing = shallowRef<DirectoryListing>()
  /** Why the last place could not be looked into; the listing before it stays. */
  const problem = shallowRef<Problem>()
  let generation = 0

  /** Looks into `path`, or into the person's own folder. Of several at once the last one counts. */
  const browse = async (path: string | undefined): Promise<void> => {
    const mine = ++generation
    try {
      const found = await useClient()['library.browse']({ path })
      if (mine !== generation) return
      listing.value = found
      problem.value = undefined
    } catch (error) {
      if (mine === generation) problem.value = problemOf(error)
    }
  }

  return { listing, problem, browse }
})
