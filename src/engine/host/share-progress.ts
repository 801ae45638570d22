/** @file Progress of work that tells what share of it is done. */
import type { Progress } from '../contract'
import { createProgress } from '../progress'

export interface ShareProgress {
  /** 0..1; less than before is not told. */
  reach(share: number): void
  finish(): void
}

/** Shares of one part of the work after the other, each worth its cost. */
export function inParts(costs: readonly number[], reach: (share: number) => void): () => (share: number) => void {
  const total = costs.reduce((sum, cost) => sum + cost, 0)
  let [part, before] = [0, 0]
  return () => {
    const [from, cost] = [before, costs[part++] ?? 0]
    before += cost
    return (share) => {
      reach((from + cost * share) / total)
    }
  }
}

/** Tells shares as pictures of `pictures`. */
export function createShareProgress(title: string, pictures: number, emit: (progress: Progress) => void): ShareProgress {
  const progress = createProgress(title, pictures, emit)
  let told = 0
  const reach = (share: number): void => {
    const done = Math.floor(Math.min(1, share) * pictures)
    if (done <= told) return
    progress.advance(done - told)
    told = done
  }
  return {
    reach,
    finish: () => {
      reach(1)
      progress.finish()
    },
  }
}
