/** @file Where probe pictures lie in a run's folder, and what is there. */
import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { EngineError } from '../../contract'
import { isPartialName, readRegularFile } from '../../files'

/** One picture that a run looks at again and again. */
export interface ProbePicture {
  /** File name, for display. */
  readonly name: string
  /** Below the folder that the run trains on, with `/`. */
  readonly relativePath: string
  /** What the model is given: pixels, whole patches. */
  readonly height: number
  readonly width: number
}

/** The files of one picture at one step; full paths. */
export interface ProbePictureFiles {
  readonly name: string
  readonly photo: string
  readonly attention: string
  readonly pca: string
}

export interface ProbeFrameFiles {
  readonly step: number
  readonly pictures: readonly ProbePictureFiles[]
}

const maxIndexBytes = 2 ** 20
const indexFile = 'index.json'
const stepName = /^step-(\d{8,})$/

const edge = z.number().int().positive().max(2 ** 16)
const indexSchema = z.object({
  schema: z.literal(1),
  pictures: z.array(z.object({ relativePath: z.string(), height: edge, width: edge })).max(64),
})

export const probesFolder = (runFolder: string): string => join(runFolder, 'probes')
export const probeIndexPath = (runFolder: string): string => join(probesFolder(runFolder), indexFile)
export const photoPath = (runFolder: string, picture: number): string => join(probesFolder(runFolder), `${picture}-photo.png`)
export const stepFolder = (runFolder: string, step: number): string => join(probesFolder(runFolder), `step-${String(step).padStart(8, '0')}`)
export const attentionName = (picture: number, head?: number): string => (head === undefined ? `${picture}-attention.png` : `${picture}-attention-head-${head}.png`)
export const pcaName = (picture: number): string => `${picture}-pca.png`

/** The index as it is written. */
export function probeIndex(pictures: readonly ProbePicture[]): string {
  return `${JSON.stringify({ schema: 1, pictures: pictures.map(({ relativePath, height, width }) => ({ relativePath, height, width })) }, undefined, 2)}\n`
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  })
}

/**
 * The pictures that a run looks at; undefined before they were chosen.
 * @throws EngineError CHECKPOINT when the index is not understood
 */
export async function readProbePictures(runFolder: string): Promise<readonly ProbePicture[] | undefined> {
  if (!(await namesIn(probesFolder(runFolder))).includes(indexFile)) return undefined
  const path = probeIndexPath(runFolder)
  try {
    const { pictures } = indexSchema.parse(JSON.parse((await readRegularFile(path, maxIndexBytes)).toString('utf8')))
    return pictures.map((picture) => ({ ...picture, name: basename(picture.relativePath) }))
  } catch (cause) {
    throw new EngineError('CHECKPOINT', `${path} is not understood; delete the folder of probe pictures to have new ones chosen`, { detail: { path }, cause })
  }
}

/** Steps at which a run looked, rising. Unfinished ones are passed over. */
export async function probeSteps(runFolder: string): Promise<number[]> {
  const names = await namesIn(probesFolder(runFolder))
  return names.flatMap((name) => (isPartialName(name) ? [] : (stepName.exec(name)?.slice(1).map(Number) ?? []))).sort((a, b) => a - b)
}

/** Every moment at which a run looked at its pictures, oldest first; none where it never did. @throws EngineError CHECKPOINT */
export async function listProbes(runFolder: string): Promise<readonly ProbeFrameFiles[]> {
  const pictures = (await readProbePictures(runFolder)) ?? []
  const steps = await probeSteps(runFolder)
  return steps.map((step) => ({
    step,
    pictures: pictures.map(({ name }, picture) => ({
      name,
      photo: photoPath(runFolder, picture),
      attention: join(stepFolder(runFolder, step), attentionName(picture)),
      pca: join(stepFolder(runFolder, step), pcaName(picture)),
    })),
  }))
}
