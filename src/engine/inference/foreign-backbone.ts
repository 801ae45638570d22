/** @file The graph of another maker as a backbone: pictures in as it wants them, its outputs out as everything else here has tokens. */
import { EngineError } from '../contract'
import type { Runtime, Session } from '../runtime'
import type { Tensor } from '../tensor'
import { checkOnnxFolder, givesOf, type OnnxConfig, type OnnxModelFolder } from '../weights'
import type { Backbone, PatchBatch, PatchGrid } from './backbone'
import { picturesOf, type Results } from './run-parts'

/** Tokens of some pictures, CLS first: float32 `[count, 1 + registers + patches, dim]`. */
interface ForeignTokens {
  readonly tokens: Float32Array
  /** By block, float32 `[count, heads, tokens, tokens]`. */
  readonly attention: readonly Float32Array[]
}

/** Makes a backbone of an imported graph. It is checked and loaded when it is first used. */
export function foreignBackbone(runtime: Runtime, model: OnnxModelFolder): Backbone {
  const { manifest } = model
  const { config } = manifest
  let opened: Promise<Session> | undefined
  const open = async (): Promise<Session> => {
    await checkOnnxFolder(model)
    return runtime.openFile(model.graph)
  }
  const load = (): Promise<Session> => {
    if (opened === undefined) {
      const opening = open()
      opened = opening
      // What failed once may succeed when it is asked again.
      opening.catch(() => {
        if (opened === opening) opened = undefined
      })
    }
    return opened
  }
  const run = async (batch: PatchBatch): Promise<ForeignTokens> => {
    requireSize(manifest.name, config, batch.grid)
    const session = await load()
    const parts: ForeignTokens[] = []
    for (const part of config.batched ? [batch] : picturesOf(batch)) parts.push(readOutputs(config, part, await session.run({ [config.input.name]: pixelsOf(config, part) })))
    const joined = (of: (part: ForeignTokens) => Float32Array): Float32Array => (parts.length === 1 ? of(parts[0]!) : concatenated(parts.map(of)))
    return { tokens: joined(({ tokens }) => tokens), attention: config.attention.map((_, block) => joined(({ attention }) => attention[block]!)) }
  }
  const refusal = (what: string): EngineError => new EngineError('MODEL_UNSUPPORTED', `${JSON.stringify(manifest.name)} is an ONNX graph of another maker, which gives ${what}`, { detail: { modelId: manifest.id } })
  const requirePatches = (): void => {
    if (!givesOf(config).patches) throw refusal('one vector of each picture and no tokens of its patches: it can be searched and mapped with, and not looked into')
  }
  const special = 1 + config.registers

  return {
    manifest,
    config,
    embed: async (batch) => pooled(config, batch.count, (await run(batch)).tokens),
    embedPatches: async (batch) => {
      requirePatches()
      const { tokens } = await run(batch)
      const { dim } = config
      const [all, own] = [tokens.length / batch.count, tokens.length / batch.count - special * dim]
      const patches = new Float32Array(batch.count * own)
      for (let picture = 0; picture < batch.count; picture++) patches.set(tokens.subarray(picture * all + special * dim, (picture + 1) * all), picture * own)
      return { ...pooled(config, batch.count, tokens), patches }
    },
    look: async (batch, queries) => {
      requirePatches()
      const started = performance.now()
      const { tokens, attention } = await run(batch)
      const modelMs = performance.now() - started
      return { modelMs, tokens, lengths: lengthsOf(tokens, config.dim), attention: attention.map((whole) => rowsOf(whole, tokens.length / config.dim / batch.count, queries)) }
    },
    keys: () => Promise.reject(refusal('its last tokens and no keys of a block, which objects are found by')),
    intermediate: async (batch, layers, normed) => {
      if (layers.length !== 1 || !normed) throw refusal('its last tokens alone; this head reads several blocks, or tokens before the final norm')
      requirePatches()
      return [(await run({ ...batch, count: 1 })).tokens]
    },
    dispose: async () => {
      const session = await opened?.catch(() => undefined)
      opened = undefined
      await session?.release()
    },
  }
}

function requireSize(name: string, { fixedSize, patchSize }: OnnxConfig, { height, width }: PatchGrid): void {
  if (fixedSize === undefined || (height * patchSize === fixedSize && width * patchSize === fixedSize)) return
  throw new EngineError('BAD_REQUEST', `${JSON.stringify(name)} takes pictures of ${fixedSize} × ${fixedSize} pixels alone, not of ${width * patchSize} × ${height * patchSize}`)
}

function concatenated(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/** Rows of patches `[count, patches, 3·p²]` as the picture they were cut from, `[count, 3, height, width]` or `[count, height, width, 3]`. */
function pixelsOf({ patchSize, input }: OnnxConfig, { count, grid, patches }: PatchBatch): Tensor<'float32'> {
  const [height, width] = [grid.height * patchSize, grid.width * patchSize]
  const area = patchSize * patchSize
  const data = new Float32Array(count * 3 * height * width)
  const [channelStep, pixelStep] = input.channels === 'first' ? [height * width, 1] : [1, 3]
  let from = 0
  for (let picture = 0; picture < count; picture++)
    for (let row = 0; row < grid.height; row++)
      for (let column = 0; column < grid.width; column++)
        for (let channel = 0; channel < 3; channel++)
          for (let inPatch = 0; inPatch < area; inPatch++) {
            const y = row * patchSize + Math.floor(inPatch / patchSize)
            const x = column * patchSize + (inPatch % patchSize)
            data[picture * 3 * height * width + channel * channelStep + (y * width + x) * pixelStep] = patches[from++]!
          }
  return { dtype: 'float32', shape: input.channels === 'first' ? [count, 3, height, width] : [count, height, width, 3], data }
}

function output(results: Results, name: string, length: number): Float32Array {
  const result = results[name]
  if (result?.dtype !== 'float32') throw new EngineError('RUNTIME', `the graph gave no float32 output ${JSON.stringify(name)}`)
  if (result.data.length !== length) throw new EngineError('RUNTIME', `the graph gave ${JSON.stringify(name)} as ${result.shape.join(' × ')}, ${result.data.length} numbers; ${length} were expected at this size`)
  return result.data as Float32Array
}

function readOutputs(config: OnnxConfig, { count, grid }: PatchBatch, results: Results): ForeignTokens {
  const { dim, heads, registers } = config
  const { name, form, leadingTokens } = config.output
  const patches = grid.height * grid.width
  const given = output(results, name, count * dim * (leadingTokens + patches))
  if (form === 'tokens' && leadingTokens > 0) {
    const all = leadingTokens + patches
    return { tokens: given, attention: config.attention.map((block) => output(results, block, count * heads * all * all)) }
  }
  const vector = config.vector === undefined ? undefined : output(results, config.vector, count * dim)
  const all = 1 + registers + patches
  const tokens = new Float32Array(count * all * dim)
  for (let picture = 0; picture < count; picture++) {
    const own = tokens.subarray(picture * all * dim, (picture + 1) * all * dim)
    const from = given.subarray(picture * patches * dim, (picture + 1) * patches * dim)
    const rows = own.subarray(dim)
    if (form === 'map') for (let patch = 0; patch < patches; patch++) for (let column = 0; column < dim; column++) rows[patch * dim + column] = from[column * patches + patch]!
    else rows.set(from)
    own.set(vector === undefined ? meanRow(rows, dim) : vector.subarray(picture * dim, (picture + 1) * dim))
  }
  return { tokens, attention: [] }
}

/** Mean of rows `[n, dim]`. */
function meanRow(rows: Float32Array, dim: number): Float32Array {
  const sums = new Float64Array(dim)
  for (let at = 0; at < rows.length; at++) sums[at % dim]! += rows[at]!
  return Float32Array.from(sums, (sum) => (sum * dim) / rows.length)
}

function pooled({ dim, registers }: OnnxConfig, count: number, tokens: Float32Array): { readonly cls: Float32Array; readonly mean: Float32Array } {
  const length = tokens.length / count
  const cls = new Float32Array(count * dim)
  const mean = new Float32Array(count * dim)
  for (let picture = 0; picture < count; picture++) {
    const own = tokens.subarray(picture * length, (picture + 1) * length)
    cls.set(own.subarray(0, dim), picture * dim)
    mean.set(meanRow(own.subarray((1 + registers) * dim), dim), picture * dim)
  }
  return { cls, mean }
}

function lengthsOf(tokens: Float32Array, dim: number): Float32Array {
  return Float32Array.from({ length: tokens.length / dim }, (_, token) => Math.sqrt(tokens.subarray(token * dim, (token + 1) * dim).reduce((sum, value) => sum + value * value, 0)))
}

/** Rows of some queries out of all of them: `[…, tokens, tokens]` to `[…, queries, tokens]`. */
function rowsOf(attention: Float32Array, tokens: number, queries: readonly number[]): Float32Array {
  const matrices = attention.length / tokens ** 2
  const rows = new Float32Array(matrices * queries.length * tokens)
  for (let matrix = 0; matrix < matrices; matrix++)
    queries.forEach((query, at) => { rows.set(attention.subarray((matrix * tokens + query) * tokens, (matrix * tokens + query + 1) * tokens), (matrix * queries.length + at) * tokens) })
  return rows
}
