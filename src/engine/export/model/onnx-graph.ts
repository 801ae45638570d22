/** @file A model as a graph that any ONNX runtime can run by itself: pixels in, tokens and attention out, standard operators only. */
import { basename } from 'node:path'
import { EngineError } from '../../contract'
import { buildModel, constant, integers, type Value } from '../../graph'
import { clsOf, patchTokensOf, positionWeights, visionTransformer, vitParameterValues, type BlockOutput, type VitConfig } from '../../nn'
import type { OnnxModel } from '../../onnx'
import { reshape, sliceToEnd } from '../../ops'
import type { VitModelFolder } from '../../weights'
import { pixelRows, type PixelSize } from './pixel-rows'
import { positionWeightValues } from './position-weights'

/**
 * `cls`: `cls_attention` `[batch, heads, patches]`, of CLS to the patches in the last block. `last`: `attention`
 * `[batch, heads, tokens, tokens]` of the last block. `all`: `attention_0`, `attention_1`, … of every block.
 */
export type AttentionOutput = 'cls' | 'last' | 'all' | 'none'

export interface OnnxGraphOptions {
  readonly attention: AttentionOutput
  /** Height and width of every picture; undefined leaves both free. */
  readonly size: PixelSize | undefined
}

/** Attention keeps a matrix of tokens by tokens for each head, so that more would need gigabytes. */
const maximumPatches = 4096

/**
 * The graph, its weights referred to where they lie in the model folder under their official names.
 * @throws EngineError BAD_REQUEST when a fixed size holds no patch, or more than 4096
 */
export function onnxGraph({ manifest, weights }: VitModelFolder, { attention, size }: OnnxGraphOptions): OnnxModel {
  const { config } = manifest
  const { patchSize, positionGrid, positionInterpolation } = config
  if (size?.some((edge) => edge < patchSize) === true)
    throw new EngineError('BAD_REQUEST', `a picture of ${size.join(' × ')} pixels holds no patch of ${patchSize} × ${patchSize}`, { detail: { size, patchSize } })
  const count = size === undefined ? 0 : Math.floor(size[0] / patchSize) * Math.floor(size[1] / patchSize)
  if (count > maximumPatches) throw new EngineError('BAD_REQUEST', `a picture of ${size?.join(' × ') ?? ''} pixels holds ${count} patches; at most ${maximumPatches} can be fixed`, { detail: { size, patchSize } })
  const { patches, grid } = pixelRows(patchSize, size)
  const positions =
    typeof grid.height.dim === 'number' && typeof grid.width.dim === 'number'
      ? constantPositions(config, grid.height.dim, grid.width.dim)
      : positionWeightValues(positionGrid, grid, positionInterpolation)
  const parameter = (name: string) => {
    const found = weights.tensors.get(name)
    if (found === undefined) throw new EngineError('MODEL_KEYS', `${weights.path} has no tensor ${name}`, { detail: { path: weights.path, name } })
    return found
  }
  const values = vitParameterValues(config, (name) => parameter(name).dtype)
  const { tokens, blocks } = visionTransformer(config, values, { patches, ...positions }, 'composed')
  const outputs = {
    last_hidden_state: tokens,
    cls: clsOf(tokens),
    patch_tokens: patchTokensOf(config, tokens, patches),
    ...attentionOutputs(config, blocks, patches, attention),
  }
  const { model } = buildModel(manifest.id, outputs, (name) => {
    const { offset, byteLength } = parameter(name)
    return { location: basename(weights.path), offset, length: byteLength }
  })
  return withPlainNames(standard(model), tokens, patches)
}

function constantPositions({ positionGrid, positionInterpolation }: VitConfig, height: number, width: number): { readonly rows: Value; readonly columns: Value } {
  const { rows, columns } = positionWeights(positionGrid, { height, width }, positionInterpolation)
  return { rows: constant(rows), columns: constant(columns) }
}

function attentionOutputs(config: VitConfig, blocks: readonly BlockOutput[], patches: Value, kind: AttentionOutput): Readonly<Record<string, Value>> {
  const last = blocks.at(-1)
  if (last === undefined || kind === 'none') return {}
  switch (kind) {
    case 'cls': {
      const count = patches.shape[1] ?? 0
      const ofPatches = sliceToEnd(last.attention(integers([0])), 3, 1 + config.registers, count)
      return { cls_attention: reshape(ofPatches, ['batch', config.heads, count], ofPatches) }
    }
    case 'last':
      return { attention: last.attention() }
    case 'all':
      return Object.fromEntries(blocks.map((block, index) => [`attention_${index}`, block.attention()]))
  }
}

/** Only what every runtime has. */
function standard(model: OnnxModel): OnnxModel {
  const foreign = model.graph.nodes.find(({ domain }) => domain !== '')
  if (foreign !== undefined) throw new EngineError('INTERNAL', `the exported graph has the operator ${foreign.domain}.${foreign.opType}`)
  return { ...model, opsets: Object.fromEntries(Object.entries(model.opsets).filter(([domain]) => domain === '')) }
}

/** Sizes by the names that people know, instead of formulas such as `h*w+1`. */
function withPlainNames(model: OnnxModel, tokens: Value, patches: Value): OnnxModel {
  const names = new Map([
    [tokens.shape[1], 'tokens'],
    [patches.shape[1], 'patches'],
  ])
  const outputs = model.graph.outputs.map((output) => ({ ...output, shape: output.shape.map((dim) => (typeof dim === 'string' ? (names.get(dim) ?? dim) : dim)) }))
  return { ...model, graph: { ...model.graph, outputs } }
}
