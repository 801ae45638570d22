/** @file Which pictures of a run score its features by k-NN: references and queries, the same throughout the run. */
import { classFolders } from '../../inference'
import { randomStreamAt } from '../../tensor'

export interface KnnSplit {
  readonly classes: readonly string[]
  /** Indices into the run's pictures, rising. */
  readonly references: readonly number[]
  readonly queries: readonly number[]
  /** Class of every picture of the run, -1 for none, int32 `[images]`. */
  readonly labels: Int32Array
}

/** The part of a class that is asked about. */
const queryShare = 1 / 5
/** So that streams of the split never meet those that choose probe pictures. */
const splitCoordinate = 0xffff_ffff

/** The order of `count` things by chance. Source: Fisher-Yates. */
function shuffled(count: number, seed: number, stream: number): number[] {
  const random = randomStreamAt(seed, 'probe', splitCoordinate, stream)
  const order = Array.from({ length: count }, (_, index) => index)
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(random.uniform() * (last + 1))
    ;[order[last], order[other]] = [order[other]!, order[last]!]
  }
  return order
}

/**
 * Splits the pictures of class folders by chance, class by class: a fifth are queries, the rest references, both cut to at most
 * as many as are wanted with classes kept even. Undefined where there is nothing to score: fewer than two classes of two pictures.
 */
export function knnSplit(
  images: readonly { readonly relativePath: string }[],
  { seed, maxReferences, maxQueries }: { readonly seed: number; readonly maxReferences: number; readonly maxQueries: number },
): KnnSplit | undefined {
  const { classes, labels } = classFolders(images)
  const members = classes.map((): number[] => [])
  labels.forEach((label, index) => members[label]?.push(index))
  const usable = members.filter((of) => of.length >= 2)
  if (usable.length < 2) return undefined
  const references: number[] = []
  const queries: number[] = []
  usable.forEach((of, stream) => {
    const order = shuffled(of.length, seed, stream).map((position) => of[position]!)
    const asked = Math.max(1, Math.round(of.length * queryShare))
    queries.push(...order.slice(0, Math.min(asked, Math.max(1, Math.floor(maxQueries / usable.length)))))
    references.push(...order.slice(asked, asked + Math.max(1, Math.floor(maxReferences / usable.length))))
  })
  const rising = (a: number, b: number): number => a - b
  return { classes, labels, references: references.sort(rising), queries: queries.sort(rising) }
}
