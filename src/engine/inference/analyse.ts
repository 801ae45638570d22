/** @file Looking at one picture: tokens, attention of any token in any block, PCA, similarity. */
import { EngineError, type AttentionMaps, type PcaMap, type SimilarityMap } from '../contract'
import { writePatchRows, type PreparedImage } from '../image'
import type { Backbone, PatchBatch } from './backbone'
import { pcaMap } from './pca-map'

/** What is kept of a picture so that clicks on it answer at once. */
export interface AnalysisState {
  readonly backbone: Backbone
  readonly prepared: PreparedImage
  readonly batch: PatchBatch
  /** After the final norm: CLS, registers, patches; float32 `[1 + registers + patches, dim]`. */
  readonly tokens: Float32Array
  /** Per block, the attention rows of CLS: float32 `[heads, tokens]`. */
  readonly clsAttention: readonly Float32Array[]
  /** Time in the model, milliseconds. */
  readonly modelMs: number
}

const clsToken = 0

/** Cuts a prepared picture into the rows that the patch embedding multiplies. */
export function patchBatch(backbone: Backbone, prepared: PreparedImage): PatchBatch {
  const { config, manifest } = backbone
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
  const { tokens, attention, modelMs } = await backbone.look(batch, [clsToken])
  return { backbone, prepared, batch, tokens, clsAttention: attention, modelMs }
}

/** The patch tokens, without CLS and registers, float32 `[patches, dim]`; a view. */
export function patchTokens({ backbone, tokens }: AnalysisState): Float32Array {
  const { dim, registers } = backbone.config
  return tokens.subarray((1 + registers) * dim)
}

function checkPatch(state: AnalysisState, patch: number): void {
  const patches = state.batch.grid.height * state.batch.grid.width
  if (!Number.isInteger(patch) || patch < 0 || patch >= patches) throw new EngineError('BAD_REQUEST', `patch ${patch} is outside 0 to ${patches - 1}`)
}

/**
 * Attention of one token to the patches in one block, from the rows kept or, for a patch, from another run of the model.
 * @throws EngineError BAD_REQUEST for a block or patch that does not exist, RUNTIME
 */
export async function attentionOf(state: AnalysisState, layer: number, query: 'cls' | number): Promise<AttentionMaps> {
  const { backbone, batch } = state
  const { depth, registers, heads } = backbone.config
  if (!Number.isInteger(layer) || layer < 0 || layer >= depth) throw new EngineError('BAD_REQUEST', `block ${layer} is outside 0 to ${depth - 1}`)
  if (query !== 'cls') checkPatch(state, query)
  const rows = query === 'cls' ? state.clsAttention : (await backbone.look(batch, [1 + registers + query])).attention
  const row = rows[layer]
  if (row === undefined) throw new EngineError('INTERNAL', `block ${layer} gave no attention`)
  return { layer, query, heads, ...patchPart(row, heads, 1 + registers) }
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

/** PCA colours of the picture's patches. */
export function pcaOf(state: AnalysisState): PcaMap {
  return pcaMap(patchTokens(state), state.backbone.config.dim, state.batch.grid)
}

/**
 * Cosine similarity of every patch token with the chosen one.
 * @throws EngineError BAD_REQUEST for a patch that does not exist
 */
export function similarityTo(state: AnalysisState, patch: number): SimilarityMap {
  checkPatch(state, patch)
  const tokens = patchTokens(state)
  const { dim } = state.backbone.config
  const norms = new Float32Array(tokens.length / dim)
  const products = new Float32Array(norms.length)
  const chosen = tokens.subarray(patch * dim, (patch + 1) * dim)
  for (let row = 0; row < norms.length; row++) {
    let product = 0
    let square = 0
    for (let column = 0; column < dim; column++) {
      const value = tokens[row * dim + column]!
      product += value * chosen[column]!
      square += value * value
    }
    products[row] = product
    norms[row] = Math.sqrt(square)
  }
  const own = norms[patch] ?? 0
  return { patch, cosine: products.map((product, row) => product / Math.max(1e-12, own * (norms[row] ?? 0))) }
}
