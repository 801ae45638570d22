/** @file Stochastic depth: branches left out for some of the pictures, in the two ways of the references. What is left out is drawn outside and fed. */
import { input, type Value } from '../graph'
import { add, gather, multiply, reshape, scatterAdd, slice } from '../ops'
import type { TokenGroup } from './token-rows'
import type { Residual } from './transformer-block'

/** Share of pictures that block `index` of `depth` is left out for: the same in all, or rising from none in the first. Source: dino/vision_transformer.py:150; dinov2/models/vision_transformer.py:110-113. */
export function dropRate(rate: number, uniform: boolean, index: number, depth: number): number {
  return uniform ? rate : depth === 1 ? 0 : (rate * index) / (depth - 1)
}

/** `blocks.3.mlp` → 3. */
function blockOf(name: string): number {
  return Number(name.split('.')[1])
}

const branchOf = (name: string): number => (name.endsWith('.attn') ? 0 : 1)

/** Name of the input that tells block `index` what is kept. */
export function keptInput(index: number): string {
  return `kept.${index}`
}

/**
 * Per picture: the branch times 0 or 1 / (1 - rate), fed as `kept.B` float32 `[2, rows, 1]` (attention, feed-forward).
 * Source: dino/vision_transformer.py:21-33 (drop_path).
 */
export function perSampleResidual(rateOf: (block: number) => number): Residual {
  return (name, tokens, branch) => {
    const block = blockOf(name)
    if (rateOf(block) === 0) return add(tokens.rows, branch(tokens))
    const rows = tokens.rows.shape[0] ?? 0
    const scale = reshape(slice(input(keptInput(block), 'float32', [2, rows, 1]), 0, branchOf(name), 1), [rows, 1])
    return add(tokens.rows, multiply(branch(tokens), scale))
  }
}

/** How many of `batch` pictures a branch is computed for. Source: dinov2/layers/block.py:268-300. */
export function keptCount(batch: number, rate: number): number {
  return Math.max(Math.floor(batch * (1 - rate)), 1)
}

/** Rows that a branch is computed for, over all groups. */
export function keptRowCount(groups: readonly Pick<TokenGroup, 'batch' | 'tokens'>[], rate: number): number {
  return groups.reduce((total, { batch, tokens }) => total + keptCount(Number(batch), rate) * Number(tokens), 0)
}

/**
 * A fixed number of pictures of each group, drawn without replacement: only they are computed, and count batch / kept.
 * Fed as `kept.B` int64 `[2, kept rows]`, the rows of the kept pictures in order.
 * Source: dinov2/layers/block.py:268-300 (drop_add_residual_stochastic_depth_list).
 */
export function subsetResidual(rateOf: (block: number) => number, constantRows: (values: Float32Array) => Value): Residual {
  return (name, tokens, branch) => {
    const block = blockOf(name)
    const rate = rateOf(block)
    if (rate === 0) return add(tokens.rows, branch(tokens))
    const keptRows = keptRowCount(tokens.groups, rate)
    const rows = reshape(slice(input(keptInput(block), 'int64', [2, keptRows]), 0, branchOf(name), 1), [keptRows])
    const subset = gather(tokens.rows, rows, 0)
    const groups = subsetGroups(subset, tokens.groups, rate)
    const scales = groups.flatMap(({ batch, tokens: length }, index) => new Array<number>(Number(batch) * Number(length)).fill(Number(tokens.groups[index]?.batch) / Number(batch)))
    return scatterAdd(tokens.rows, rows, multiply(branch({ rows: subset, groups }), constantRows(Float32Array.from(scales))))
  }
}

function subsetGroups(subset: Value, groups: readonly TokenGroup[], rate: number): TokenGroup[] {
  return groups.map(({ batch, tokens }) => ({ batch: keptCount(Number(batch), rate), tokens, like: subset }))
}
