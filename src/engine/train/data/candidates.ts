/** @file Which picture takes a place in a batch: the one whose turn it is, or, where that cannot be read, a replacement. */
import { randomStreamAt } from '../../tensor'
import type { Stop } from './order'

/** Random replacements tried before the pictures are gone through in order. */
export const randomTries = 32

/** A picture for a place, and which numbers its crops take from the pass's streams. */
export interface Candidate extends Stop {
  /** Number of the stream of its first crop. */
  readonly firstStream: number
}

export interface CandidateOptions {
  readonly seed: number
  /** Pictures. */
  readonly count: number
  /** Crops of one picture. */
  readonly crops: number
}

/**
 * The candidate of attempt 0, 1, … for a position of the walk, or undefined when there are no more. A function of the
 * numbers alone, so that a resumed run meets the same replacements. A replacement's crops are its own: the same picture
 * has its turn in this pass too, and one batch may not hold the same crops twice.
 */
export function candidateAt({ seed, count, crops }: CandidateOptions, position: number, stop: Stop, attempt: number): Candidate | undefined {
  if (attempt === 0) return { ...stop, firstStream: 0 }
  if (attempt > randomTries + count) return undefined
  const firstStream = crops * (1 + (position % count))
  const chosen = (drawn: number): number => Math.floor(randomStreamAt(seed, 'replacement', stop.pass, position, drawn).uniform() * count)
  const image = attempt <= randomTries ? chosen(attempt) : (chosen(randomTries) + attempt - randomTries) % count
  return { pass: stop.pass, image, firstStream }
}
