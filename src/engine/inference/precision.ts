/** @file What a model is computed in: which precisions a provider has, and the graph of each. */
import { EngineError, type Precision } from '../contract'
import type { Value } from '../graph'
import { int8Layers, productsInHalf, productsInInt8 } from '../nn'
import type { Runtime } from '../runtime'
import { elementCount, quantiseRows, toFloat32, type QuantisedMatrix } from '../tensor'
import { withTensors, type SafetensorsIndex } from '../weights'

/** How the numbers of each precision come about, in words; vectors of another way are kept apart by them. */
const ways: Readonly<Record<Precision, string | undefined>> = {
  fp32: undefined,
  fp16: 'products in fp16',
  int8: 'linear layers in int8: 7-bit weights by output, 8-bit activations by picture and layer',
}

/** What is done beside fp32, or undefined where nothing is. */
export function describePrecision(precision: Precision = 'fp32'): string | undefined {
  return ways[precision]
}

/** What a provider computes in beside fp32, where that can gain: integers on the CPU, halves where its own kernels multiply them. */
export function offeredPrecisions({ provider, float16 }: Pick<Runtime, 'provider' | 'float16'>): Precision[] {
  return ['fp32', ...(float16 ? (['fp16'] as const) : []), ...(provider === 'cpu' ? (['int8'] as const) : [])]
}

/** @throws EngineError BAD_REQUEST for a precision that the provider does not compute in */
export function requirePrecision(runtime: Pick<Runtime, 'provider' | 'float16'>, precision: Precision = 'fp32'): void {
  const offered = offeredPrecisions(runtime)
  if (offered.includes(precision)) return
  const where = precision === 'int8' ? 'int8 is for the CPU' : 'the CPU gains nothing from fp16, and other providers have it where their kernels multiply in half precision'
  throw new EngineError('BAD_REQUEST', `${runtime.provider} does not compute in ${precision} here: ${where}. It offers ${offered.join(' and ')}`, { detail: { precision, offered } })
}

/**
 * Whether pictures of a batch must be run one by one: in int8 the scale of the activations is that of the whole run, and what a
 * picture is told to be must not depend on its neighbours in the batch. Nothing is lost: on the CPU one picture fills the cores.
 */
export function isPictureByPicture(precision: Precision): boolean {
  return precision === 'int8'
}

/**
 * The outputs computed in a precision. Weights for int8 are quantised here, from the file, one tensor in memory at a time.
 * @throws EngineError SOURCE_UNAVAILABLE, MODEL_KEYS; INTERNAL for int8 of weights that are in no file
 */
export async function withPrecision(outputs: Readonly<Record<string, Value>>, precision: Precision, weights: SafetensorsIndex | undefined): Promise<Readonly<Record<string, Value>>> {
  switch (precision) {
    case 'fp32':
      return outputs
    case 'fp16':
      return productsInHalf(outputs, new Set())
    case 'int8':
      if (weights === undefined) throw new EngineError('INTERNAL', 'weights that go on learning are not quantised')
      return productsInInt8(outputs, await quantised(weights, int8Layers(outputs)))
  }
}

async function quantised(weights: SafetensorsIndex, names: readonly string[]): Promise<Map<string, QuantisedMatrix>> {
  return withTensors(weights, async (read) => {
    const matrices = new Map<string, QuantisedMatrix>()
    for (const name of names) {
      const { shape, data } = toFloat32(await read(name))
      const [rows = 0, ...columns] = shape
      matrices.set(name, quantiseRows(data, rows, elementCount(columns)))
    }
    return matrices
  })
}
