/** @file Compares our transformer with the official code's numbers for one golden case, on any provider. */
import { dirname } from 'node:path'
import { buildModel, input, type Value } from '../../src/engine/graph'
import { positionWeights, visionTransformer, vitParameterValues, type VitConfig } from '../../src/engine/nn'
import type { Runtime } from '../../src/engine/runtime'
import type { Tensor } from '../../src/engine/tensor'
import { readSafetensors, type VitModelFolder } from '../../src/engine/weights'
import { maxDifference } from './tensors'

/** Normalised NCHW pixels to rows of patches, by plain loops. */
export function patchRows({ shape, data }: Tensor, patchSize: number): { readonly patches: Tensor<'float32'>; readonly grid: { readonly height: number; readonly width: number } } {
  const [batch = 0, , imageHeight = 0, imageWidth = 0] = shape
  const grid = { height: Math.floor(imageHeight / patchSize), width: Math.floor(imageWidth / patchSize) }
  const rows: number[] = []
  for (let image = 0; image < batch; image++)
    for (let row = 0; row < grid.height; row++)
      for (let column = 0; column < grid.width; column++)
        for (let channel = 0; channel < 3; channel++)
          for (let y = 0; y < patchSize; y++)
            for (let x = 0; x < patchSize; x++)
              rows.push(Number(data[((image * 3 + channel) * imageHeight + row * patchSize + y) * imageWidth + column * patchSize + x]))
  const patches: Tensor<'float32'> = { dtype: 'float32', shape: [batch, grid.height * grid.width, 3 * patchSize ** 2], data: Float32Array.from(rows) }
  return { patches, grid }
}

interface Expectation {
  readonly what: string
  readonly expected: Tensor
  /** Our results in the order and layout of `expected`. */
  readonly actual: Float32Array
}

/** `[batch, tokens, dim]` rows from..to of every image. */
function tokenRange(tokens: Tensor, from: number, to: number): Float32Array {
  const [batch = 0, count = 0, dim = 0] = tokens.shape
  const data = tokens.data as Float32Array
  return Float32Array.from(Array.from({ length: batch }, (_, image) => [...data.subarray((image * count + from) * dim, (image * count + to) * dim)]).flat())
}

/** `[batch, patches, dim]` as `[batch, dim, patches]`. */
function channelsFirst(values: Float32Array, patches: number, dim: number): Float32Array {
  const result = new Float32Array(values.length)
  for (let image = 0; image < values.length / (patches * dim); image++)
    for (let patch = 0; patch < patches; patch++)
      for (let channel = 0; channel < dim; channel++) result[(image * dim + channel) * patches + patch] = values[(image * patches + patch) * dim + channel]!
  return result
}

async function runInput(runtime: Runtime, model: VitModelFolder, pixels: Tensor): Promise<Readonly<Record<string, Tensor>>> {
  const { config } = model.manifest
  const { patches, grid } = patchRows(pixels, config.patchSize)
  const values = {
    patches: input('patches', 'float32', ['batch', 'h*w', 3 * config.patchSize ** 2]),
    rows: input('rows', 'float32', ['h', config.positionGrid]),
    columns: input('columns', 'float32', ['w', config.positionGrid]),
  }
  const location = (name: string) => model.weights.tensors.get(name)!
  const { tokens, blocks } = visionTransformer(config, vitParameterValues(config, (name) => location(name).dtype), values, runtime.attention)
  const outputs: Record<string, Value> = { tokens, attention: blocks.at(-1)!.attention(input('queries', 'int64', ['queries'])) }
  for (const [index, block] of blocks.entries()) outputs[`block${index}`] = block.tokens
  const built = buildModel('golden', outputs, (name) => ({ location: model.manifest.weights.file, offset: location(name).offset, length: location(name).byteLength }))
  const session = await runtime.open(built, { weightsFolder: dirname(model.weights.path) })
  try {
    const count = 1 + config.registers + grid.height * grid.width
    const queries: Tensor<'int64'> = { dtype: 'int64', shape: [count], data: BigInt64Array.from({ length: count }, (_, index) => BigInt(index)) }
    return await session.run({ patches, queries, ...positionWeights(config.positionGrid, grid, config.positionInterpolation) })
  } finally {
    await session.release()
  }
}

function expectations(config: VitConfig, expected: ReadonlyMap<string, Tensor>, index: string, results: Readonly<Record<string, Tensor>>): Expectation[] {
  const tokens = results['tokens']!
  const special = 1 + config.registers
  const count = tokens.shape[1]!
  const block = (number: string): Tensor => results[`block${number}`]!
  const actualOf = (key: string): Float32Array | undefined => {
    if (key === `tokens${index}`) return tokens.data as Float32Array
    if (key === `cls${index}`) return tokenRange(tokens, 0, 1)
    if (key === `reg${index}`) return tokenRange(tokens, 1, special)
    if (key === `patch${index}`) return tokenRange(tokens, special, count)
    if (key === `attention${index}`) return results['attention']!.data as Float32Array
    const [, number, cls, own] = /^block(\d+)_(cls_)?(\d+)$/.exec(key) ?? []
    if (number === undefined || own !== index) return undefined
    return cls === undefined ? channelsFirst(tokenRange(block(number), special, count), count - special, config.dim) : tokenRange(block(number), 0, 1)
  }
  return [...expected].flatMap(([what, tensor]) => {
    const actual = actualOf(what)
    return actual === undefined ? [] : [{ what, expected: tensor, actual }]
  })
}

/**
 * Largest absolute difference of every number the official code gave, by its key in `expected.safetensors`.
 * @throws when a key is not compared, so that nothing in the file is passed over in silence
 */
export async function compareWithGolden(runtime: Runtime, model: VitModelFolder, expectedPath: string): Promise<Readonly<Record<string, number>>> {
  const expected = await readSafetensors(expectedPath)
  const differences: Record<string, number> = {}
  for (const [key, pixels] of expected) {
    const [, index] = /^input(\d+)$/.exec(key) ?? []
    if (index === undefined) continue
    const results = await runInput(runtime, model, pixels)
    for (const { what, expected: wanted, actual } of expectations(model.manifest.config, expected, index, results)) differences[what] = maxDifference(actual, wanted.data as Float32Array)
  }
  const passedOver = [...expected.keys()].filter((key) => !key.startsWith('input') && !(key in differences))
  if (passedOver.length > 0) throw new Error(`not compared: ${passedOver.join(', ')}`)
  return differences
}
