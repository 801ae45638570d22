/** @file `dinoscope inspect`: attention, PCA and the raw arrays of single pictures, as files. */
import { basename, extname, join, resolve } from 'node:path'
import { isEngineError, messageOf, toWire, type AnalysisSize, type FileProblem } from '../../engine/contract'
import { writeNpy } from '../../engine/export'
import { saveFile } from '../../engine/files'
import { preparePicture } from '../../engine/host'
import { encodePng, readImageFile } from '../../engine/image'
import { analyseImage, attentionOf, pcaOf, type Backbone } from '../../engine/inference'
import { createProgress } from '../../engine/progress'
import { tensor } from '../../engine/tensor'
import type { CommandContext, CommandResult } from '../context'
import { exitCodes } from '../exit-codes'
import { withBackbone, type ModelOptions } from '../models'
import { prepareOutputFolder } from '../output'
import { inspectPictures } from './inspect-images'

export interface InspectOptions extends ModelOptions {
  readonly out: string
  readonly size?: number | 'native'
}

/** A picture of 128 × 128 patches; beyond it attention takes minutes. What is limited says so in its note. */
const maxPatches = 16_384

/** Where each picture's files go: `out` itself for one picture, else a folder each, numbered where names are the same. */
export function outputFolders(images: readonly string[], out: string): string[] {
  if (images.length === 1) return [out]
  const taken = new Set<string>()
  return images.map((image) => {
    const stem = basename(image, extname(image))
    let name = stem
    for (let number = 2; taken.has(name.toLowerCase()); number++) name = `${stem}-${number}`
    taken.add(name.toLowerCase())
    return join(out, name)
  })
}

interface Inspected {
  readonly image: string
  readonly folder: string
  readonly files: readonly string[]
}

async function inspectOne(backbone: Backbone, image: string, folder: string, size: AnalysisSize): Promise<Inspected> {
  const { manifest, config } = backbone
  const prepared = await preparePicture(await readImageFile(image), size, manifest, maxPatches)
  const state = await analyseImage(backbone, prepared)
  const { grid } = state
  const patches = grid.height * grid.width
  const attention = await attentionOf(state, config.depth - 1, 'cls')
  const pictures = inspectPictures(attention, await pcaOf(state), grid, prepared)

  for (const { name, rgb, width, height } of pictures) await saveFile(join(folder, name), await encodePng(rgb, width, height))
  await writeNpy(join(folder, 'tokens.npy'), tensor('float32', [1 + config.registers + patches, config.dim], state.tokens))
  await writeNpy(join(folder, 'attention.npy'), tensor('float32', [attention.heads, patches], attention.weights))
  const files = [...pictures.map(({ name }) => name), 'tokens.npy', 'attention.npy']
  const facts = {
    image: basename(image),
    model: { id: manifest.id, name: manifest.name, trained: manifest.trained, sha256: manifest.weights.sha256 },
    size,
    inputHeight: prepared.height,
    inputWidth: prepared.width,
    gridHeight: grid.height,
    gridWidth: grid.width,
    registers: config.registers,
    dim: config.dim,
    heads: config.heads,
    layers: config.depth,
    extent: prepared.extent,
    patchShare: [...attention.patchShare],
    note: prepared.note,
    files,
  }
  await saveFile(join(folder, 'inspect.json'), `${JSON.stringify(facts, undefined, 2)}\n`)
  return { image, folder, files: [...files, 'inspect.json'] }
}

/** Inspects each picture; one that cannot be read is told and left out. */
export async function inspect(images: readonly string[], options: InspectOptions, context: CommandContext): Promise<CommandResult> {
  const { terminal, signal } = context
  const out = resolve(options.out)
  const folders = outputFolders(images, out)
  await prepareOutputFolder(out)
  const inspected: Inspected[] = []
  const failed: FileProblem[] = []
  await withBackbone(options, context, async (backbone) => {
    const progress = createProgress('Inspecting images', images.length, context.emit)
    for (const [index, image] of images.entries()) {
      signal.throwIfAborted()
      try {
        inspected.push(await inspectOne(backbone, image, folders[index] ?? out, options.size ?? 'evaluation'))
      } catch (error) {
        if (!isEngineError(error)) throw error
        const problem = { relativePath: image, code: toWire(error).code, reason: messageOf(error) }
        failed.push(problem)
        terminal.note(`${image}: ${problem.code}: ${problem.reason}`)
      }
      progress.advance(1)
    }
  })
  terminal.result({ images: inspected, failed }, inspected.map(({ image, folder, files }) => `${image}: ${files.length} files in ${folder}`))
  return failed.length === 0 ? exitCodes.done : exitCodes.failed
}
