/** @file Progress of work that tells what share of it is done. */
import type { Progress } from '../contract'
import { createProgress } from '../progress'

export interface ShareProgress {
  /** 0..1; less than before is not told. */
  reach(share: number): void
  finish(): void
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
