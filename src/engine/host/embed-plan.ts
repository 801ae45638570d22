/** @file Which pictures of a library have to be embedded: each content once, whatever names it lies under. */
import type { FileProblem } from '../contract'
import type { LibraryImage } from '../library'

/** A picture as far as embedding it needs. */
export type EmbedPicture = Pick<LibraryImage, 'relativePath' | 'sizeBytes' | 'problem' | 'hash' | 'gone'>

/** What became of a content that the model was to see. */
export type Outcome = 'embedded' | FileProblem

export interface EmbedPlan<P> {
  /** Pictures to look at now: of each known content one, and all whose content is not known yet. */
  readonly work: readonly P[]
  /** Other pictures with a content that is worked on. */
  readonly others: Map<string, P[]>
  /** Pictures that have all they need. */
  readonly already: number
  /** Pictures that need something and cannot be read. */
  readonly skipped: readonly FileProblem[]
}

/** Why a picture is not even tried; a damaged one stays one until its file changes, what kept others from being read may have passed. */
function hopeless({ problem }: EmbedPicture): FileProblem | undefined {
  return problem?.code.startsWith('IMG_') === true ? problem : undefined
}

/**
 * Sorts pictures by what they need. One that is gone has what another with its content has, or gets.
 * @param needs whether something is missing for a content
 */
export function planEmbedding<P extends EmbedPicture>(pictures: readonly P[], needs: (hash: string) => boolean): EmbedPlan<P> {
  const work: P[] = []
  const others = new Map<string, P[]>()
  const skipped: FileProblem[] = []
  const gone: P[] = []
  let already = 0
  for (const picture of pictures) {
    const { hash } = picture
    const problem = hopeless(picture)
    if (hash !== undefined && !needs(hash)) already++
    else if (picture.gone) gone.push(picture)
    else if (problem !== undefined) skipped.push(problem)
    else if (hash === undefined) work.push(picture)
    else {
      const same = others.get(hash)
      if (same !== undefined) same.push(picture)
      else {
        others.set(hash, [])
        work.push(picture)
      }
    }
  }
  for (const picture of gone) {
    const same = picture.hash === undefined ? undefined : others.get(picture.hash)
    if (same === undefined) skipped.push({ relativePath: picture.relativePath, code: 'SOURCE_UNAVAILABLE', reason: 'the file is not there any more, and it had not been embedded' })
    else same.push(picture)
  }
  return { work, others, already, skipped }
}

export interface Settled<P> {
  readonly already: number
  readonly skipped: readonly FileProblem[]
  /** Pictures to look at next, since the one that stood for their content turned out to be another. */
  readonly next: readonly P[]
}

/** What the outcomes mean for the other pictures of each content. Takes from `others` those that come next. */
export function settleOthers<P extends EmbedPicture>(others: Map<string, P[]>, outcomes: ReadonlyMap<string, Outcome>): Settled<P> {
  const skipped: FileProblem[] = []
  const next: P[] = []
  let already = 0
  for (const [hash, pictures] of [...others]) {
    const outcome = outcomes.get(hash)
    if (outcome === undefined) {
      const [first, ...rest] = pictures
      if (first !== undefined) next.push(first)
      if (rest.length > 0) others.set(hash, rest)
      else others.delete(hash)
      continue
    }
    others.delete(hash)
    if (outcome === 'embedded') already += pictures.length
    else skipped.push(...pictures.map(({ relativePath }) => ({ ...outcome, relativePath })))
  }
  return { already, skipped, next }
}

/** The binary digits of a number mirrored at the point, 0..1: any first of 0, 1, 2, … lie all over. Source: van der Corput, 1935. */
function mirrored(number: number): number {
  let [value, digit] = [0, 0.5]
  for (let rest = number; rest > 0; rest = Math.floor(rest / 2), digit /= 2) value += digit * (rest % 2)
  return value
}

/**
 * The same pictures, `count` of them from all over the list first: what is learned of these holds for the others, and so does
 * what is learned of the first of them alone.
 */
export function spreadFirst<P>(pictures: readonly P[], count: number): readonly P[] {
  if (count < 1) return pictures
  const many = Math.min(count, pictures.length)
  const order = Array.from({ length: many }, (_, index) => ({ index, at: mirrored(index) })).sort((a, b) => a.at - b.at)
  const first = new Array<number>(many)
  order.forEach(({ index }, place) => { first[index] = Math.floor((place * pictures.length) / many) })
  const chosen = new Set(first)
  return [...first.map((index) => pictures[index]!), ...pictures.filter((_, index) => !chosen.has(index))]
}
