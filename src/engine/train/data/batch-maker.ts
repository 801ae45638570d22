/** @file Fills one batch: every place gets a picture that can be read, by rules that do not depend on who reads it when. */
import { fromWire } from '../../contract'
import { candidateAt, type CandidateOptions } from './candidates'
import type { CropItem } from './crop-maker'
import type { CropWorkers } from './crop-workers'
import { createWalk } from './order'
import type { Problems, TrainingImage } from './problems'

export interface BatchMakerOptions {
  readonly images: readonly TrainingImage[]
  readonly batch: number
  readonly seed: number
  /** Crops of one picture. */
  readonly crops: number
  readonly workers: CropWorkers
  readonly problems: Problems
}

interface Place {
  readonly item: CropItem
  readonly attempt: number
}

/**
 * Gives a function that writes the batch of a step into a slot and tells which pictures it holds, row by row.
 * @throws EngineError TRAIN_IMAGES or SOURCE_UNAVAILABLE when no picture is left, and what the workers throw
 */
export function createBatchMaker({ images, batch, seed, crops, workers, problems }: BatchMakerOptions): (step: number, slot: number) => Promise<readonly number[]> {
  const walk = createWalk(seed, images.length)
  const options: CandidateOptions = { seed, count: images.length, crops }

  /** The first candidate from `attempt` on that is not known to be unreadable. */
  const placeFrom = (step: number, row: number, attempt: number): Place => {
    const position = step * batch + row
    const stop = walk(position)
    for (; ; attempt++) {
      const candidate = candidateAt(options, position, stop, attempt)
      if (candidate === undefined) throw problems.nothingLeft()
      if (problems.has(candidate.image)) continue
      const { path, sizeBytes } = images[candidate.image]!
      return { item: { ...candidate, row, path, sizeBytes }, attempt }
    }
  }

  return async (step, slot) => {
    const places = Array.from({ length: batch }, (_, row) => placeFrom(step, row, 0))
    for (let open: readonly Place[] = places; open.length > 0; ) {
      const failures = await workers.make({ slot, items: open.map(({ item }) => item) })
      // In the order of rows, so that problems are told in an order that does not depend on the threads.
      for (const { row, error } of failures.toSorted((left, right) => left.row - right.row)) await problems.add(places[row]!.item.image, fromWire(error))
      open = failures.map(({ row }) => (places[row] = placeFrom(step, row, places[row]!.attempt + 1)))
    }
    return places.map(({ item }) => item.image)
  }
}
