/** @file The pictures of class folders, each content once, by their hashes: what an evaluation is made of. */
import { createHash } from 'node:crypto'
import { EngineError, messageOf, toWire, type EvaluationData, type FileProblem, type JobContext, type Progress } from '../../contract'
import { classOf, firstOfEachClass } from '../../inference'
import { contentHash, readSettled, scanFolder, type ScannedImage } from '../../library'
import { createProgress } from '../../progress'
import type { EmbedPicture } from '../embed-plan'

export interface ClassPicture extends EmbedPicture {
  readonly path: ScannedImage['path']
  readonly className: string
  readonly hash: string
}

/** The pictures of one folder, in the order of their hashes: it depends on no name and no place. */
export interface ClassSide {
  readonly folder: string
  readonly pictures: readonly ClassPicture[]
  readonly skipped: readonly FileProblem[]
  readonly duplicates: number
  readonly unclassed: number
}

/** Read at once, to be hashed. */
const readAtOnce = 8

/**
 * Scans and hashes what lies in the class folders of `folder`. The same bytes in several classes count in the first of them.
 * @param perClass only so many of each class, the first ones
 * @throws EngineError SOURCE_UNAVAILABLE, BAD_REQUEST where no picture lies in a class folder; the signal's reason
 */
export async function readClassFolder(folder: string, perClass: number, { signal, emit }: JobContext<Progress>): Promise<ClassSide> {
  const images: ScannedImage[] = []
  const skipped: FileProblem[] = []
  for await (const batch of scanFolder(folder, { signal })) {
    images.push(...batch.images)
    skipped.push(...batch.skipped)
  }
  const chosen = firstOfEachClass(images, perClass)
  const classed = firstOfEachClass(images, Infinity).length
  if (chosen.length === 0)
    throw new EngineError('BAD_REQUEST', images.length === 0 ? `there are no pictures in ${folder}` : `${folder}: no picture lies in a class folder; put the pictures of each class into a folder of its own, or choose the folder above`, { detail: { folder } })
  const progress = createProgress('Reading pictures', chosen.length, emit)
  const known = new Map<string, ClassPicture>()
  let duplicates = 0
  for (let start = 0; start < chosen.length; start += readAtOnce) {
    signal.throwIfAborted()
    const some = chosen.slice(start, start + readAtOnce)
    const hashes = await Promise.allSettled(some.map(async ({ path }) => contentHash((await readSettled(path)).bytes)))
    hashes.forEach((result, index) => {
      const { path, relativePath, sizeBytes } = some[index]!
      if (result.status === 'rejected') skipped.push({ relativePath, code: toWire(result.reason).code, reason: messageOf(result.reason) })
      else if (known.has(result.value)) duplicates++
      else known.set(result.value, { path, relativePath, sizeBytes, className: classOf(relativePath) ?? '', hash: result.value, problem: undefined, gone: false })
    })
    progress.advance(some.length)
  }
  progress.finish()
  if (known.size === 0) throw new EngineError('SOURCE_UNAVAILABLE', `${folder}: none of the ${chosen.length} pictures could be read; the first: ${skipped[0]?.reason ?? ''}`, { detail: { folder, problems: skipped.slice(0, 100) } })
  const pictures = [...known.values()].sort((a, b) => (a.hash < b.hash ? -1 : 1))
  return { folder, pictures, skipped, duplicates, unclassed: images.length - classed }
}

/** Names of the classes of both sides, sorted. */
export function classNames(sides: readonly { readonly pictures: readonly ClassPicture[] }[]): readonly string[] {
  return [...new Set(sides.flatMap(({ pictures }) => pictures.map(({ className }) => className)))].sort()
}

/** What was scored, as it is kept beside a score. @param sides pictures that have features: one folder's, or two folders' */
export function describeData(sides: readonly { readonly folder: string; readonly pictures: readonly ClassPicture[] }[]): EvaluationData {
  const lines = sides.flatMap(({ pictures }, side) => pictures.map(({ className, hash }) => `${side}\t${hash}\t${className}\n`)).sort()
  const counts = sides.map(({ pictures }) => {
    const count = new Map<string, number>()
    for (const { className } of pictures) count.set(className, (count.get(className) ?? 0) + 1)
    return count
  })
  return {
    folder: sides[0]!.folder,
    testFolder: sides[1]?.folder,
    hash: createHash('sha256').update(lines.join('')).digest('hex'),
    classes: classNames(sides).map((name) => ({ name, pictures: counts[0]!.get(name) ?? 0, testPictures: counts[1]?.get(name) ?? 0 })),
  }
}
