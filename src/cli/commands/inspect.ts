/** @file `dinoscope inspect`: attention, PCA, parts, objects, artefacts, what a head says and the raw arrays of single pictures, as files. */
import { basename, extname, join, resolve } from 'node:path'
import { isEngineError, messageOf, toWire, type FileProblem, type FoundObject } from '../../engine/contract'
import { cutParts } from '../../engine/display'
import { findArtefacts, findObject, pictureParts } from '../../engine/dense'
import { writeNpy } from '../../engine/export'
import { saveFile } from '../../engine/files'
import { describeLook, lookAtPicture, type LookRequest } from '../../engine/host'
import { encodePng, readImageFile } from '../../engine/image'
import { attentionOf, openRowProducts, pcaOf, type AnalysisState, type Backbone, type RowProducts } from '../../engine/inference'
import { createProgress } from '../../engine/progress'
import { tensor } from '../../engine/tensor'
import { givesOf } from '../../engine/weights'
import type { CommandContext, CommandResult } from '../context'
import { exitCodes } from '../exit-codes'
import { withBackbone, type ModelOptions } from '../models'
import { prepareOutputFolder } from '../output'
import { artefactPicture, objectBox, objectPicture, partPictures } from './inspect-dense-images'
import { inspectHead, openNamedHead, type NamedHead } from './inspect-head'
import { inspectPictures, type NamedPixels } from './inspect-images'

export interface InspectOptions extends ModelOptions {
  readonly out: string
  readonly size?: number | 'native'
  readonly tiled?: boolean
  /** The path of a head, or the id of one of the workspace. */
  readonly head?: string
  readonly maxDepth?: number
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

/** Parts that `segments.png` shows. */
const shownParts = 8

interface Tools {
  readonly backbone: Backbone
  readonly products: RowProducts
  readonly head: NamedHead | undefined
  readonly signal: AbortSignal
}

/** Parts, objects and artefacts: their pictures, and what is said of them. */
async function inspectDense(state: AnalysisState, { products, signal }: Tools): Promise<{ readonly pictures: readonly NamedPixels[]; readonly facts: object }> {
  const { grid, prepared } = state
  const tree = await pictureParts(state, products)
  // Found by keys, which a graph of another maker keeps to itself.
  const objects = givesOf(state.backbone.config).inside ? [await findObject(state, 'tokencut', { products, signal }), await findObject(state, 'lost', { products, signal })] : []
  const artefacts = findArtefacts(state.lengths)
  const describeObject = (found: FoundObject): object => ({ method: found.method, box: objectBox(found, grid, prepared) ?? null, boxInPatches: found.box, seed: found.seed, note: found.note })
  return {
    pictures: [
      ...partPictures(cutParts(tree, shownParts), grid, prepared),
      ...objects.map((found) => objectPicture(found, grid, prepared)),
      artefactPicture(artefacts, grid, prepared),
    ],
    facts: {
      parts: { shown: Math.min(shownParts, tree.groups), groups: tree.groups, merges: [...tree.merges], heights: [...tree.heights] },
      objects: objects.map(describeObject),
      artefacts: { patches: [...artefacts.outlier.keys()].filter((patch) => artefacts.outlier[patch] === 1), threshold: artefacts.threshold, note: artefacts.note },
    },
  }
}

async function inspectOne(tools: Tools, image: string, folder: string, request: LookRequest): Promise<Inspected> {
  const { backbone, signal } = tools
  const { manifest, config } = backbone
  const state = await lookAtPicture(backbone, await readImageFile(image), request, { signal })
  const { grid, prepared, tiles } = state
  const patches = grid.height * grid.width
  const attention = givesOf(config).attention ? await attentionOf(state, config.depth - 1, 'cls') : undefined
  const dense = await inspectDense(state, tools)
  const told = tools.head === undefined ? undefined : await inspectHead(state, tools.head, folder)
  const pictures = [...inspectPictures(attention, await pcaOf(state), grid, prepared), ...dense.pictures, ...(told?.pictures ?? [])]

  for (const { name, rgb, width, height } of pictures) await saveFile(join(folder, name), await encodePng(rgb, width, height))
  await writeNpy(join(folder, 'tokens.npy'), tensor('float32', [1 + config.registers + patches, config.dim], state.tokens))
  if (attention !== undefined) await writeNpy(join(folder, 'attention.npy'), tensor('float32', [attention.heads, patches], attention.weights))
  const files = [...pictures.map(({ name }) => name), 'tokens.npy', ...(attention === undefined ? [] : ['attention.npy']), ...(told?.files ?? [])]
  const facts = {
    image: basename(image),
    model: { id: manifest.id, name: manifest.name, trained: manifest.trained, sha256: manifest.weights.sha256 },
    size: request.size,
    inputHeight: prepared.height,
    inputWidth: prepared.width,
    gridHeight: grid.height,
    gridWidth: grid.width,
    tiles,
    registers: config.registers,
    dim: config.dim,
    heads: config.heads,
    layers: config.depth,
    extent: prepared.extent,
    patchShare: [...(attention?.patchShare ?? [])],
    note: describeLook(state),
    ...dense.facts,
    ...told?.facts,
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
  const tiled = options.tiled ?? false
  // In tiles a picture is looked at for its details: the crop of an evaluation has none of them.
  const size = options.size ?? (tiled ? 'native' : 'evaluation')
  const request: LookRequest = { size, tiled, ...(tiled ? {} : { maxWhole: maxPatches }) }
  await withBackbone(options, context, async (backbone, runtime) => {
    const head = options.head === undefined ? undefined : await openNamedHead(options.head, options, runtime)
    // Another model's head would fail on every picture.
    head?.requireFit(backbone.config)
    const tools = { backbone, products: (await openRowProducts(runtime)).products, head, signal }
    const progress = createProgress('Inspecting images', images.length, context.emit)
    for (const [index, image] of images.entries()) {
      signal.throwIfAborted()
      try {
        inspected.push(await inspectOne(tools, image, folders[index] ?? out, request))
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
