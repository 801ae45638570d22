/** @file The pictures to train on: all below a folder, or those that were chosen. */
import { EngineError, type FileProblem, type TrainImages } from '../../contract'
import { scanFolder, type Libraries } from '../../library'
import type { PlannedImage } from './plan-run'

export interface ChosenImages {
  /** The folder they lie in, its real path. */
  readonly root: string
  readonly images: readonly PlannedImage[]
  readonly skipped: readonly FileProblem[]
}

/** Every picture below `root`, which is a real path. @throws EngineError SOURCE_UNAVAILABLE; the signal's reason */
export async function imagesBelow(root: string, signal: AbortSignal): Promise<ChosenImages> {
  const images: PlannedImage[] = []
  const skipped: FileProblem[] = []
  for await (const batch of scanFolder(root, { signal })) {
    images.push(...batch.images.map(({ path, relativePath, sizeBytes }) => ({ path, relativePath, sizeBytes })))
    skipped.push(...batch.skipped)
  }
  return { root, images, skipped }
}

/**
 * What a plan names. A whole folder is read anew, since it may not have been read to its end yet; chosen pictures come in
 * the order of the folder, whatever the order of the choice.
 * @throws EngineError NOT_FOUND for a folder or a picture that is not open, SOURCE_UNAVAILABLE; the signal's reason
 */
export async function chosenImages(libraries: Pick<Libraries, 'root' | 'images'>, { libraryId, imageIds }: TrainImages, signal: AbortSignal): Promise<ChosenImages> {
  const root = libraries.root(libraryId)
  if (imageIds === undefined) return imagesBelow(root, signal)
  const chosen = new Set(imageIds)
  const images = libraries.images(libraryId).filter(({ id }) => chosen.delete(id))
  const [missing] = chosen
  if (missing !== undefined)
    throw new EngineError('NOT_FOUND', `${chosen.size} of the chosen pictures are not in this folder any more; choose again`, { detail: { libraryId, imageId: missing } })
  return { root, images: images.map(({ path, relativePath, sizeBytes }) => ({ path, relativePath, sizeBytes })), skipped: [] }
}
