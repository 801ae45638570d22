/** @file Looking at one picture: tokens, attention of any token in any block, PCA, similarity. */
import { EngineError, type AttentionMaps, type PcaMap, type SimilarityMap } from '../contract'
import { resampleBilinear } from '../display'
import { writePatchRows, type PreparedImage } from '../image'
import { givesOf } from '../weights'
import type { Backbone, PatchBatch, PatchGrid } from './backbone'
import { largePcaMap, pcaMap } from './pca-map'
import { runMacs } from './run-cost'

/** What is kept of a picture so that clicks on it answer at once. */
export interface AnalysisState {
  readonly backbone: Backbone
  readonly prepared: PreparedImage
  /** Of the patch tokens. */
  readonly grid: PatchGrid
  /** What one run of the model is given: the whole picture, at a size that fits where it was looked at in tiles. Its grid may then be smaller than {@link grid}. */
  readonly batch: PatchBatch
  /** 1 where the picture was looked at whole. */
  readonly tiles: number
  /** After the final norm: CLS, registers, patches; float32 `[1 + registers + patches, dim]`. */
  readonly tokens: Float32Array
  /** Length of each patch token before the final norm, float32 `[patches]`. */
  readonly lengths: Float32Array
  /** Per block, the attention rows of CLS: float32 `[heads, tokens]`, tokens of {@link batch}. */
  readonly clsAttention: readonly Float32Array[]
  /** Multiply-accumulates of that. */
  readonly macs: number
  /** Time in the model, milliseconds. */
  readonly modelMs: number
  /** How it was looked at where that was not in one piece, in words. */
  readonly note: string | undefined
}

const clsToken = 0

/** Cuts a prepared picture into the rows that the patch embedding multiplies. */
export function patchBatch({ config, manifest }: Pick<Backbone, 'config' | 'manifest'>, prepared: Pick<PreparedImage, 'rgb' | 'height' | 'width'>): PatchBatch {
  const { patchSize } = config
  const grid = { height: prepared.height / patchSize, width: prepared.width / patchSize }
  const patches = new Float32Array(grid.height * grid.width * 3 * patchSize * patchSize)
  writePatchRows(prepared, patchSize, manifest.preprocessing.mean, manifest.preprocessing.std, patches, 0)
  return { count: 1, grid, patches }
}

/**
 * Runs the model once over the whole picture.
 * @throws EngineError RUNTIME
 */
export async function analyseImage(backbone: Backbone, prepared: PreparedImage): Promise<AnalysisState> {
  const batch = patchBatch(backbone, prepared)
  const { tokens, lengths, attention, modelMs } = await backbone.look(batch, [clsToken])
  const { config } = backbone
  return {
    backbone,
    prepared,
    grid: batch.grid,
    batch,
    tiles: 1,
    tokens,
    lengths: lengths.subarray(1 + config.registers),
    clsAttention: attention,
    macs: runMacs(config, batch.grid.height * batch.grid.width),
    modelMs,
    note: undefined,
  }
}

/** What is kept of it in memory, bytes. */
export function analysisBytes({ prepared, batch, tokens, lengths, clsAttention }: AnalysisState): number {
  return [prepared.rgb, batch.patches, tokens, lengths, ...clsAttention].reduce((sum, { byteLength }) => sum + byteLength, 0)
}

/** The patch tokens, without CLS and registers, float32 `[patches, dim]`; a view. */
export function patchTokens({ backbone, tokens }: AnalysisState): Float32Array {
  const { dim, registers } = backbone.config
  return tokens.subarray((1 + registers) * dim)
}

function checkPatch(state: AnalysisState, patch: number): void {
  const patches = state.grid.height * state.grid.width
  if (!Number.isInteger(patch) || patch < 0 || patch >= patches) throw new EngineError('BAD_REQUEST', `patch ${patch} is outside 0 to ${patches - 1}`)
}

/** The patch of the whole look that covers a patch of the finer grid. */
function coveringPatch(patch: number, fine: PatchGrid, coarse: PatchGrid): number {
  const y = Math.floor(((Math.floor(patch / fine.width) + 0.5) * coarse.height) / fine.height)
  const x = Math.floor((((patch % fine.width) + 0.5) * coarse.width) / fine.width)
  return y * coarse.width + x
}

/**
 * Attention of one token to the patches in one block, from the rows kept or, for a patch, from another run of the model.
 * Of a picture that was looked at in tiles it is that of the whole look, spread over the finer grid.
 * @throws EngineError BAD_REQUEST for a block or patch that does not exist, MODEL_UNSUPPORTED for a model without attention, RUNTIME
 */
export async function attentionOf(state: AnalysisState, layer: number, query: 'cls' | number): Promise<AttentionMaps> {
  const { backbone, batch, grid } = state
  const { depth, registers, heads } = backbone.config
  if (!givesOf(backbone.config).attention) throw new EngineError('MODEL_UNSUPPORTED', `${JSON.stringify(backbone.manifest.name)} gives no attention: its ONNX graph has no such output`, { detail: { modelId: backbone.manifest.id } })
  if (!Number.isInteger(layer) || layer < 0 || layer >= depth) throw new EngineError('BAD_REQUEST', `block ${layer} is outside 0 to ${depth - 1}`)
  if (query !== 'cls') checkPatch(state, query)
  const rows = query === 'cls' ? state.clsAttention : (await backbone.look(batch, [1 + registers + coveringPatch(query, grid, batch.grid)])).attention
  const row = rows[layer]
  if (row === undefined) throw new EngineError('INTERNAL', `block ${layer} gave no attention`)
  const { weights, patchShare } = patchPart(row, heads, 1 + registers)
  return { layer, query, heads, patchShare, weights: state.tiles === 1 ? weights : spread(weights, patchShare, batch.grid, grid) }
}

/** Leaves out CLS and registers, and tells how much of the attention that leaves. */
function patchPart(rows: Float32Array, heads: number, specialTokens: number): { readonly weights: Float32Array; readonly patchShare: Float32Array } {
  const tokens = rows.length / heads
  const patches = tokens - specialTokens
  const weights = new Float32Array(heads * patches)
  const patchShare = new Float32Array(heads)
  for (let head = 0; head < heads; head++) {
    const part = rows.subarray(head * tokens + specialTokens, (head + 1) * tokens)
    weights.set(part, head * patches)
    patchShare[head] = part.reduce((sum, weight) => sum + weight, 0)
  }
  return { weights, patchShare }
}

/** Attention over a finer grid: between the centres of the coarse one, summing to the same share. float32 `[heads, patches]`. */
function spread(weights: Float32Array, patchShare: Float32Array, coarse: PatchGrid, fine: PatchGrid): Float32Array {
  const [from, to] = [coarse.height * coarse.width, fine.height * fine.width]
  const result = new Float32Array(patchShare.length * to)
  patchShare.forEach((share, head) => {
    const part = resampleBilinear(weights.subarray(head * from, (head + 1) * from), coarse.height, coarse.width, fine.height, fine.width)
    const total = part.reduce((sum, weight) => sum + weight, 0)
    result.set(part.map((weight) => (total > 0 ? (weight * share) / total : 0)), head * to)
  })
  return result
}

/** PCA colours of the picture's patches. */
export function pcaOf(state: AnalysisState): Promise<PcaMap> {
  const [tokens, { dim }] = [patchTokens(state), state.backbone.config]
  return state.tiles === 1 ? Promise.resolve(pcaMap(tokens, dim, state.grid)) : largePcaMap(tokens, dim, state.grid)
}

/** Patches compared between two turns of the event loop: some milliseconds. */
const rowsAtOnce = 4096

/**
 * Cosine similarity of every patch token with the chosen one.
 * @throws EngineError BAD_REQUEST for a patch that does not exist
 */
export async function similarityTo(state: AnalysisState, patch: number): Promise<SimilarityMap> {
  checkPatch(state, patch)
  const tokens = patchTokens(state)
  const { dim } = state.backbone.config
  const count = tokens.length / dim
  const cosine = new Float32Array(count)
  const chosen = tokens.subarray(patch * dim, (patch + 1) * dim)
  const own = Math.sqrt(chosen.reduce((sum, value) => sum + value * value, 0))
  for (let row = 0; row < count; row++) {
    if (row > 0 && row % rowsAtOnce === 0) await new Promise(setImmediate)
    let product = 0
    let square = 0
    for (let column = 0; column < dim; column++) {
      const value = tokens[row * dim + column]!
      product += value * chosen[column]!
      square += value * value
    }
    cosine[row] = product / Math.max(1e-12, own * Math.sqrt(square))
  }
  return { patch, cosine }
}
