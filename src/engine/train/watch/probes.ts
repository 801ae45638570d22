/** @file Looks at a run's fixed pictures with the weights of the moment: attention of CLS and PCA of the patches, as pictures. */
import { randomBytes } from 'node:crypto'
import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { EngineError, messageOf } from '../../contract'
import { alignedPcaColours } from '../../dense'
import { applyColourMap, enlargeCells, meanOverHeads, rangeOf, withoutAlpha } from '../../display'
import { partialName, readRegularFile, saveFile, syncFolder } from '../../files'
import { decodeRgb, encodePng, readHeader, writePatchRows } from '../../image'
import type { Backbone, DenseTokens, PatchBatch, PatchGrid } from '../../inference'
import type { VitConfig } from '../../nn'
import { attentionName, pcaName, probeSteps, stepFolder } from './probe-files'
import type { Probe } from './probe-set'

/** What looks: a `Backbone`, or a session over weights that are still being learned. Of `attention` the last block is used. */
export interface ProbeModel {
  readonly config: Pick<VitConfig, 'patchSize' | 'dim' | 'heads' | 'registers'>
  readonly preprocessing: Pick<Backbone['manifest']['preprocessing'], 'mean' | 'std'>
  look(batch: PatchBatch, queries: readonly number[]): Promise<Pick<DenseTokens, 'tokens' | 'attention'>>
}

/** Files no smaller than this along their short edge, so that 8 × 8 patches are not a stamp. */
const shownEdge = 224
const maxPictureBytes = 64 * 2 ** 20
const clsToken = 0

/** What one picture looks like now. */
interface Look {
  readonly grid: PatchGrid
  /** float32 `[patches, dim]`. */
  readonly patchTokens: Float32Array
  /** float32 `[heads, patches]`. */
  readonly attention: Float32Array
}

async function lookAt({ config, preprocessing, look }: ProbeModel, probe: Probe): Promise<Look> {
  const { patchSize, dim, heads, registers } = config
  const grid = { height: probe.height / patchSize, width: probe.width / patchSize }
  const count = grid.height * grid.width
  const patches = new Float32Array(count * 3 * patchSize * patchSize)
  writePatchRows(probe, patchSize, preprocessing.mean, preprocessing.std, patches, 0)
  const { tokens, attention } = await look({ count: 1, grid, patches }, [clsToken])
  const special = 1 + registers
  const rows = attention.at(-1)
  if (rows?.length !== heads * (special + count) || tokens.length !== (special + count) * dim)
    throw new EngineError('INTERNAL', `probes: ${tokens.length} token values and ${rows?.length ?? 0} of attention do not fit ${special} + ${count} tokens of ${dim} and ${heads} heads`)
  const onPatches = new Float32Array(heads * count)
  for (let head = 0; head < heads; head++) onPatches.set(rows.subarray(head * (special + count) + special, (head + 1) * (special + count)), head * count)
  return { grid, patchTokens: tokens.subarray(special * dim), attention: onPatches }
}

/** Each cell of the grid as a block, over the shape of the picture. */
async function encodeCells(rgb: Uint8Array, grid: PatchGrid, probe: Probe): Promise<Buffer> {
  const scale = Math.max(1, Math.ceil(shownEdge / Math.min(probe.width, probe.height)))
  const { rgb: pixels, width, height } = enlargeCells(rgb, grid, probe.height * scale, probe.width * scale)
  return encodePng(pixels, width, height)
}

function attentionColours(weights: Float32Array): Uint8Array {
  const { min, max } = rangeOf(weights)
  return withoutAlpha(applyColourMap(weights, min, max, 'inferno'))
}

/** The PCA colours of the frame before, read back from its picture at the middle of each cell; undefined where there is none. */
async function previousColours(folder: string | undefined, picture: number, grid: PatchGrid): Promise<Uint8Array | undefined> {
  if (folder === undefined) return undefined
  const bytes = await readRegularFile(join(folder, pcaName(picture)), maxPictureBytes).catch(() => undefined)
  if (bytes === undefined) return undefined
  const { rgb, width, height } = await decodeRgb(bytes, await readHeader(bytes))
  const colours = new Uint8Array(grid.height * grid.width * 3)
  for (let cell = 0; cell < grid.height * grid.width; cell++) {
    const y = Math.floor(((Math.floor(cell / grid.width) + 0.5) * height) / grid.height)
    const x = Math.floor((((cell % grid.width) + 0.5) * width) / grid.width)
    colours.set(rgb.subarray(3 * (y * width + x), 3 * (y * width + x) + 3), 3 * cell)
  }
  return colours
}

/** Puts a finished folder in its place; one of the same step, from before a resume, gives way. */
async function takePlace(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true })
  await rename(from, to)
  await syncFolder(dirname(to))
}

/**
 * Looks at every picture and writes `probes/step-NNNNNNNN/`, all of it or nothing. Colours of the PCA follow those of the
 * newest frame before this step, which are read from its pictures, so a resumed run goes on as an uninterrupted one would.
 * @param options.heads also a picture of the attention of each head
 * @returns the folder
 * @throws EngineError RUNTIME, DISK, INTERNAL when the model's results have the wrong size
 */
export async function writeProbes(runFolder: string, probes: readonly Probe[], model: ProbeModel, step: number, options: { readonly heads?: boolean } = {}): Promise<string> {
  const earlier = (await probeSteps(runFolder)).filter((before) => before < step).at(-1)
  const previous = earlier === undefined ? undefined : stepFolder(runFolder, earlier)
  const folder = stepFolder(runFolder, step)
  const temporary = join(dirname(folder), partialName(`step-${step}`, randomBytes(4).toString('hex')))
  try {
    await mkdir(temporary, { recursive: true })
    for (const [picture, probe] of probes.entries()) {
      const { grid, patchTokens, attention } = await lookAt(model, probe)
      const { heads, dim } = model.config
      const colours = alignedPcaColours(patchTokens, dim, await previousColours(previous, picture, grid))
      await saveFile(join(temporary, attentionName(picture)), await encodeCells(attentionColours(meanOverHeads(attention, heads)), grid, probe))
      await saveFile(join(temporary, pcaName(picture)), await encodeCells(colours, grid, probe))
      const patches = grid.height * grid.width
      for (let head = 0; options.heads === true && head < heads; head++)
        await saveFile(join(temporary, attentionName(picture, head)), await encodeCells(attentionColours(attention.subarray(head * patches, (head + 1) * patches)), grid, probe))
    }
    await takePlace(temporary, folder)
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined)
    const { code } = error as NodeJS.ErrnoException
    if (error instanceof EngineError || typeof code !== 'string') throw error
    throw new EngineError('DISK', `${folder} cannot be written: ${messageOf(error)}`, { detail: { path: folder, code }, cause: error })
  }
  return folder
}
