/** @file How far an exported model, opened as anybody would, is from the engine on real pictures. */
import { EngineError, type ParityRow } from '../../contract'
import type { VitConfig } from '../../nn'
import type { Session } from '../../runtime'
import { cosine, type Tensor } from '../../tensor'
import type { Preprocessing } from '../../weights'
import { patchBatch, pixelValues, type CheckBatch } from './check-pictures'
import type { AttentionOutput } from './onnx-graph'

/** What the file is compared with; a Backbone is one. */
export interface ReferenceModel {
  look(
    batch: { readonly count: number; readonly grid: { readonly height: number; readonly width: number }; readonly patches: Float32Array },
    queries: readonly number[],
  ): Promise<{ readonly tokens: Float32Array; readonly attention: readonly Float32Array[] }>
}

export interface ComparedModel {
  readonly config: VitConfig
  readonly preprocessing: Preprocessing
  readonly attention: AttentionOutput
}

/** Tokens after the final norm are of order 1, attention weights at most 1. */
export const parityTolerance = 1e-3

/** One row per picture. Where the file gives no attention, its difference is NaN. */
export async function compareBatch(session: Session, reference: ReferenceModel, { config, preprocessing, attention }: ComparedModel, batch: CheckBatch): Promise<ParityRow[]> {
  const [height, width] = batch.size
  const { registers, dim, heads, patchSize } = config
  const given = patchBatch(batch, patchSize, preprocessing)
  const patches = given.grid.height * given.grid.width
  const tokens = 1 + registers + patches
  const queries = attention === 'last' || attention === 'all' ? [...new Set([0, 1 + registers, tokens >> 1, tokens - 1])] : [0]
  const expected = await reference.look(given, queries)
  const pixels: Tensor<'float32'> = { dtype: 'float32', shape: [given.count, 3, height, width], data: pixelValues(batch, preprocessing) }
  const results = await session.run({ pixel_values: pixels })
  const output = (name: string, shape: readonly number[]): Float32Array => {
    const found = results[name]
    if (found?.dtype !== 'float32' || found.shape.join() !== shape.join())
      throw new EngineError('RUNTIME', `the exported model gives ${name} as ${found === undefined ? 'nothing' : `${found.dtype} [${found.shape.join(', ')}]`}; float32 [${shape.join(', ')}] was expected`)
    return found.data as Float32Array
  }
  const all = output('last_hidden_state', [given.count, tokens, dim])
  const cls = output('cls', [given.count, dim])
  const patchTokens = output('patch_tokens', [given.count, patches, dim])
  const attentionDifference = (picture: number): number => {
    const rows = (block: number, from: number, query: number, head: number): Float32Array => {
      const start = ((picture * heads + head) * queries.length + query) * tokens
      return (expected.attention[block] ?? new Float32Array()).subarray(start + from, start + tokens)
    }
    const compareWhole = (name: string, block: number): number => {
      const found = output(name, [given.count, heads, tokens, tokens])
      return overHeads(heads, (head) =>
        Math.max(...queries.map((query, index) => largest(found.subarray(((picture * heads + head) * tokens + query) * tokens).subarray(0, tokens), rows(block, 0, index, head)))),
      )
    }
    switch (attention) {
      case 'none':
        return NaN
      case 'cls': {
        const found = output('cls_attention', [given.count, heads, patches])
        return overHeads(heads, (head) => largest(found.subarray((picture * heads + head) * patches).subarray(0, patches), rows(config.depth - 1, 1 + registers, 0, head)))
      }
      case 'last':
        return compareWhole('attention', config.depth - 1)
      case 'all':
        return Math.max(...Array.from({ length: config.depth }, (_, block) => compareWhole(`attention_${block}`, block)))
    }
  }
  return batch.pictures.map(({ name }, picture) => {
    const wanted = expected.tokens.subarray(picture * tokens * dim, (picture + 1) * tokens * dim)
    const ownCls = cls.subarray(picture * dim, (picture + 1) * dim)
    return {
      image: name,
      height,
      width,
      tokens: Math.max(
        largest(all.subarray(picture * tokens * dim, (picture + 1) * tokens * dim), wanted),
        largest(ownCls, wanted.subarray(0, dim)),
        largest(patchTokens.subarray(picture * patches * dim, (picture + 1) * patches * dim), wanted.subarray((1 + registers) * dim)),
      ),
      attention: attentionDifference(picture),
      cosine: cosine(ownCls, wanted.subarray(0, dim)),
    }
  })
}

/** {@link compareBatch} for weights that this engine runs itself: one row per picture. */
export async function compareModels(model: ReferenceModel, reference: ReferenceModel, { config, preprocessing }: Omit<ComparedModel, 'attention'>, batch: CheckBatch): Promise<ParityRow[]> {
  const [height, width] = batch.size
  const given = patchBatch(batch, config.patchSize, preprocessing)
  const [found, wanted] = [await model.look(given, [0]), await reference.look(given, [0])]
  const [own, other] = [found.attention.at(-1) ?? new Float32Array(), wanted.attention.at(-1) ?? new Float32Array()]
  const part = (values: Float32Array, picture: number): Float32Array => values.subarray((picture * values.length) / given.count, ((picture + 1) * values.length) / given.count)
  const { dim } = config
  return batch.pictures.map(({ name }, picture) => ({
    image: name,
    height,
    width,
    tokens: largest(part(found.tokens, picture), part(wanted.tokens, picture)),
    attention: largest(part(own, picture), part(other, picture)),
    cosine: cosine(part(found.tokens, picture).subarray(0, dim), part(wanted.tokens, picture).subarray(0, dim)),
  }))
}

/** What rounding weights to half precision may cost: it moves each by a two-thousandth of itself at most. */
export const roundingTolerance = 1e-3

/** Whether rounded weights may stand for the exact ones. What is no number does not pass. */
export function passesRounding(rows: readonly ParityRow[]): boolean {
  return rows.length > 0 && rows.every(({ tokens, cosine }) => Number.isFinite(tokens) && 1 - cosine <= roundingTolerance)
}

/** Whether a file with these differences may be given to anybody. What is no number does not pass, but for attention that is not there. */
export function passesParity(rows: readonly ParityRow[], attention: AttentionOutput): boolean {
  return rows.length > 0 && rows.every((row) => row.tokens <= parityTolerance && (attention === 'none' || row.attention <= parityTolerance))
}

function overHeads(heads: number, difference: (head: number) => number): number {
  return Math.max(...Array.from({ length: heads }, (_, head) => difference(head)))
}

/** Largest absolute difference; NaN where a value is none or the lengths differ. */
function largest(left: Float32Array, right: Float32Array): number {
  if (left.length !== right.length) return NaN
  let difference = 0
  for (let index = 0; index < left.length; index++) difference = Math.max(difference, Math.abs((left[index] ?? NaN) - (right[index] ?? NaN)))
  return difference
}
