/** @file Official heads from their files: recognised by their tensors, checked, and said what was assumed. */
import { basename } from 'node:path'
import { EngineError, type HeadClass } from '../../contract'
import { labelColour } from '../../display'
import { foldBatchNorm } from '../../nn'
import { formatShape, type Tensor } from '../../tensor'
import type { Checkpoint, StateDict, TensorSource } from '../bytes/tensor-source'
import { printable } from '../bytes/printable'
import { importedTensor } from '../models/imported-tensor'
import { openCheckpoint } from '../open-checkpoint'
import { dptShapes, type ShapePattern } from './dpt-shapes'
import type { HeadDraft, HeadTensors } from './head-folder'

export interface HeadImport {
  readonly path: string
  readonly name: string | undefined
  /** Metres, where the name of the file does not say. */
  readonly maxDepth: number | undefined
}

const prefix = /^(?:module\.)?decode_head\./
/** Source: dinov2/hub/depthers.py:22-33. */
const minDepth = 0.001
const ranges = { nyu: 10, kitti: 80 } as const
const officialDims: Readonly<Record<string, number>> = { vits: 384, vitb: 768, vitl: 1024, vitg: 1536 }
const bins = 256
/** Labels take 8 bits. */
const maxClasses = 256

const badHead = (path: string, what: string): EngineError => new EngineError('MODEL_KEYS', `${path} ${what}`, { detail: { path } })

/** The tensors of the head, without `decode_head.`. */
function headState(path: string, { groups }: Checkpoint): StateDict {
  const state: StateDict = groups.get('state_dict') ?? groups.get('') ?? [...groups.values()][0] ?? new Map<string, TensorSource>()
  const named = new Map(Array.from(state, ([name, source]) => [name.replace(prefix, ''), source] as const))
  if (named.size === 0) throw badHead(path, 'holds no tensors')
  return named
}

/**
 * @throws EngineError MODEL_KEYS for one that is missing or of another shape, MODEL_NOT_FINITE, MODEL_TENSOR
 */
async function take(path: string, state: StateDict, name: string, shape: ShapePattern): Promise<Tensor<'float32'>> {
  const source = state.get(name)
  if (source === undefined) throw badHead(path, `is no head that is known: it lacks ${name}`)
  if (source.shape.length !== shape.length || shape.some((length, axis) => length !== undefined && length !== source.shape[axis]))
    throw badHead(path, `has ${name} of shape ${formatShape(source.shape)}; [${shape.map((length) => length ?? 'any').join(', ')}] was expected`)
  return (await importedTensor(path, { name, shape: source.shape, source }).read()) as Tensor<'float32'>
}

/** The largest depth, and how it is known. @throws EngineError BAD_REQUEST when it has to be asked for */
function rangeOf(path: string, asked: number | undefined, isLinear: boolean): { readonly maxDepth: number; readonly note: string } {
  if (asked !== undefined && !(asked > minDepth)) throw new EngineError('BAD_REQUEST', `the largest depth is ${asked} m; it must be above ${minDepth} m`, { detail: { path, field: 'maxDepth' } })
  if (asked !== undefined) return { maxDepth: asked, note: `Depths up to ${asked} m, as you said.` }
  const name = basename(path).toLowerCase()
  if (name.includes('kitti')) return { maxDepth: ranges.kitti, note: `Made on KITTI: depths up to ${ranges.kitti} m.` }
  if (name.includes('nyu')) return { maxDepth: ranges.nyu, note: `Made on NYU: depths up to ${ranges.nyu} m.${isLinear ? ' The official hub takes 80 m for these heads, by a mistake that makes everything eight times too deep; 10 m is what they were trained with.' : ''}` }
  throw new EngineError('BAD_REQUEST', `${path}: its name does not say which depths it was made for; give the largest in metres (rooms, NYU: 10; streets, KITTI: 80)`, { detail: { path, field: 'maxDepth' } })
}

/** Which of the ways to divide channels into layers is meant: by the name of the file, or the official one. */
function dividedChannels(path: string, channels: number, perLayer: number): { readonly dim: number; readonly layerCount: number } {
  const choices = [1, 4].map((layerCount) => ({ layerCount, dim: channels / (perLayer * layerCount) })).filter(({ dim }) => Number.isInteger(dim))
  const name = basename(path).toLowerCase()
  const [, letter] = /(vit[sblg])\d*/.exec(name) ?? []
  const byModel = letter === undefined ? undefined : choices.find(({ dim }) => dim === officialDims[letter])
  const byName = /linear4|_ms_/.test(name) ? choices.find(({ layerCount }) => layerCount === 4) : undefined
  const found = byModel ?? byName ?? choices.find(({ dim }) => Object.values(officialDims).includes(dim)) ?? choices[0]
  if (found === undefined) throw badHead(path, `has ${channels} channels, which are not those of one or four layers`)
  return found
}

function classesOf({ classes = [] }: Checkpoint, count: number): readonly HeadClass[] {
  return Array.from({ length: count }, (_, index) => ({ name: classes[index]?.name ?? `Class ${index + 1}`, colour: [...(classes[index]?.colour ?? labelColour(index))] as [number, number, number] }))
}

/**
 * Reads a head of DINOv2: linear depth (one or four layers), DPT depth, or linear segmentation with batch norm.
 * @throws EngineError MODEL_KEYS, MODEL_NOT_FINITE, BAD_REQUEST when the largest depth has to be said, and what the reader of the format throws
 */
export async function readHeadFile({ path, name, maxDepth: asked }: HeadImport): Promise<{ readonly draft: HeadDraft; readonly tensors: HeadTensors }> {
  const checkpoint = await openCheckpoint(path)
  try {
    const state = headState(path, checkpoint)
    const common = { name: name ?? basename(path).replace(/\.[^.]+$/, ''), importedFrom: path, training: undefined }
    if (state.has('reassemble_blocks.projects.0.conv.weight')) {
      const { maxDepth, note } = rangeOf(path, asked, false)
      const dim = (await take(path, state, 'reassemble_blocks.projects.0.conv.weight', [undefined, undefined, 1, 1])).shape[1]!
      const tensors = new Map<string, Tensor<'float32'>>()
      for (const [key, shape] of dptShapes(state, dim)) tensors.set(key, await take(path, state, key, shape))
      return { draft: { ...common, kind: 'depth', architecture: 'dpt', dim, layerCount: 4, minDepth, maxDepth, classes: [], note }, tensors }
    }
    if (state.has('conv_depth.weight')) {
      const weight = await take(path, state, 'conv_depth.weight', [bins, undefined, 1, 1])
      const { maxDepth, note } = rangeOf(path, asked, true)
      const tensors = new Map([['conv_depth.weight', weight], ['conv_depth.bias', await take(path, state, 'conv_depth.bias', [bins])]])
      return { draft: { ...common, kind: 'depth', architecture: 'linear', ...dividedChannels(path, weight.shape[1]!, 2), minDepth, maxDepth, classes: [], note }, tensors }
    }
    if (state.has('conv_seg.weight')) {
      const weight = await take(path, state, 'conv_seg.weight', [undefined, undefined, 1, 1])
      const [classes = 0, channels = 0] = weight.shape
      if (classes > maxClasses) throw badHead(path, `tells ${classes} classes; at most ${maxClasses} can be shown`)
      const norm = {
        weight: (await take(path, state, 'bn.weight', [channels])).data,
        bias: (await take(path, state, 'bn.bias', [channels])).data,
        mean: (await take(path, state, 'bn.running_mean', [channels])).data,
        variance: (await take(path, state, 'bn.running_var', [channels])).data,
      }
      const folded = foldBatchNorm(weight.data, (await take(path, state, 'conv_seg.bias', [classes])).data, norm)
      const tensors = new Map<string, Tensor<'float32'>>([
        ['weight', { dtype: 'float32', shape: [classes, channels], data: folded.weight }],
        ['bias', { dtype: 'float32', shape: [classes], data: folded.bias }],
      ])
      const draft: HeadDraft = { ...common, kind: 'classes', architecture: 'bn-linear', ...dividedChannels(path, channels, 1), minDepth: undefined, maxDepth: undefined, classes: [...classesOf(checkpoint, classes)].map(({ name: called, colour }) => ({ name: called, colour: [...colour] })), note: checkpoint.classes?.length === classes ? 'Classes and colours as the file names them.' : 'The file names no classes.' }
      return { draft, tensors }
    }
    throw badHead(path, `is no head that is known; it holds ${[...state.keys()].slice(0, 4).map(printable).join(', ')}`)
  } finally {
    await checkpoint.close()
  }
}
