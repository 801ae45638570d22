/** @file The few fixed pictures that a run looks at: chosen once, kept in its folder as exactly the pixels that the model is given. */
import { EngineError, isEngineError } from '../../contract'
import { readRegularFile, saveFile } from '../../files'
import { decodeRgb, encodePng, prepareWhole, readHeader, type RgbPixels } from '../../image'
import { randomStreamAt } from '../../tensor'
import { photoPath, probeIndex, probeIndexPath, readProbePictures, type ProbePicture } from './probe-files'

/** A picture that could be looked at. */
export interface ProbeCandidate {
  readonly relativePath: string
  /** The file's bytes. @throws EngineError when it cannot be read */
  read(): Promise<Buffer>
}

export interface ProbeSetOptions {
  readonly seed: number
  /** How many pictures are wanted; fewer come where there are no more. */
  readonly count: number
  readonly patchSize: number
  /** Edge of the global crops, pixels: pictures are shown to the model no smaller than it learns on. */
  readonly trainedSize: number
}

/** A picture with its pixels. */
export interface Probe extends ProbePicture, RgbPixels {}

/** Short edge of pictures that have so many pixels. */
const viewEdge = 224
const maxPatches = 1024
const attempts = 5
const maxPhotoBytes = 64 * 2 ** 20

/**
 * Which of `total` pictures to look at: one at random from each of `count` equal stretches, so that sorted class folders
 * all have their turn. `attempt` gives another one, for pictures that turn out to be broken.
 */
export function probeChoice(total: number, count: number, seed: number, attempt = 0): number[] {
  const stretches = Math.min(total, count)
  return Array.from({ length: stretches }, (_, stretch) => {
    const first = Math.floor((stretch * total) / stretches)
    const length = Math.floor(((stretch + 1) * total) / stretches) - first
    return first + Math.floor(randomStreamAt(seed, 'probe', stretch, attempt).uniform() * length)
  })
}

/** A picture as the model is given it; undefined where it is broken. */
async function prepare({ relativePath, read }: ProbeCandidate, { patchSize, trainedSize }: ProbeSetOptions): Promise<Probe | undefined> {
  try {
    const bytes = await read()
    const header = await readHeader(bytes)
    const size = Math.max(trainedSize, Math.min(viewEdge, header.width, header.height))
    const { rgb, height, width } = await prepareWhole(bytes, { size, patchSize, maxPatches })
    return { name: relativePath.split('/').at(-1) ?? relativePath, relativePath, rgb, height, width }
  } catch (error) {
    if (!isEngineError(error)) throw error
    return undefined
  }
}

async function choose(candidates: readonly ProbeCandidate[], options: ProbeSetOptions): Promise<Probe[]> {
  const chosen = new Map<number, Probe>()
  const tried = new Set<number>()
  for (let attempt = 0; attempt < attempts && chosen.size < Math.min(candidates.length, options.count); attempt++) {
    for (const index of probeChoice(candidates.length, options.count, options.seed, attempt)) {
      const candidate = candidates[index]
      if (candidate === undefined || tried.has(index) || chosen.size === options.count) continue
      tried.add(index)
      const probe = await prepare(candidate, options)
      if (probe !== undefined) chosen.set(index, probe)
    }
  }
  return [...chosen].sort(([a], [b]) => a - b).map(([, probe]) => probe)
}

async function reopen(runFolder: string, pictures: readonly ProbePicture[], patchSize: number): Promise<Probe[]> {
  const probes: Probe[] = []
  for (const [index, picture] of pictures.entries()) {
    const bytes = await readRegularFile(photoPath(runFolder, index), maxPhotoBytes)
    const pixels = await decodeRgb(bytes, await readHeader(bytes))
    if (pixels.height !== picture.height || pixels.width !== picture.width || pixels.height % patchSize !== 0 || pixels.width % patchSize !== 0)
      throw new EngineError('CHECKPOINT', `${photoPath(runFolder, index)} has ${pixels.height} × ${pixels.width} pixels; ${picture.height} × ${picture.width} in whole patches of ${patchSize} were expected`)
    probes.push({ ...picture, ...pixels })
  }
  return probes
}

/**
 * The pictures of a run: those chosen before, wherever their originals are by now, or newly chosen ones, which are written to
 * its folder (the index last). Broken pictures are passed over for their neighbours.
 * @throws EngineError DISK; CHECKPOINT, NOT_A_FILE or SOURCE_UNAVAILABLE when those chosen before are damaged
 */
export async function prepareProbes(runFolder: string, candidates: readonly ProbeCandidate[], options: ProbeSetOptions): Promise<readonly Probe[]> {
  const known = await readProbePictures(runFolder)
  if (known !== undefined) return reopen(runFolder, known, options.patchSize)
  const probes = await choose(candidates, options)
  for (const [index, { rgb, width, height }] of probes.entries()) await saveFile(photoPath(runFolder, index), await encodePng(rgb, width, height))
  await saveFile(probeIndexPath(runFolder), probeIndex(probes))
  return probes
}
