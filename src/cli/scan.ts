/** @file Every picture below a folder that a command was given, at once. */
import { EngineError, type FileProblem } from '../engine/contract'
import { scanFolder, type ScannedImage } from '../engine/library'
import type { CommandContext } from './context'

export interface Scan {
  readonly images: readonly ScannedImage[]
  readonly skipped: readonly FileProblem[]
}

/** One line for people about a file that is left out. */
export function problemLine({ relativePath, code, reason }: FileProblem): string {
  return `${relativePath}: ${code}: ${reason}`
}

/**
 * Scans a folder, tells what is left out, and gives the rest.
 * @throws EngineError NOT_FOUND when there is no picture in it, SOURCE_UNAVAILABLE when it cannot be read
 */
export async function scanPictures(folder: string, { signal, terminal }: CommandContext): Promise<Scan> {
  const images: ScannedImage[] = []
  const skipped: FileProblem[] = []
  for await (const batch of scanFolder(folder, { signal })) {
    images.push(...batch.images)
    skipped.push(...batch.skipped)
  }
  for (const problem of skipped) terminal.note(problemLine(problem))
  if (images.length === 0) throw new EngineError('NOT_FOUND', `there are no pictures in ${folder}`, { detail: { folder } })
  return { images, skipped }
}
