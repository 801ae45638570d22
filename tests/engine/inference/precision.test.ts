/** @file Models computed in fewer bits: integers as a naive loop multiplies them, near the exact numbers, and refused where a provider has them not. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describePrecision, loadBackbone, offeredPrecisions, type Backbone, type PatchBatch } from '../../../src/engine/inference'
import type { Precision } from '../../../src/engine/contract'
import type { VitConfig } from '../../../src/engine/nn'
import { createRuntime, type Runtime } from '../../../src/engine/runtime'
import { cosine, randomStream } from '../../../src/engine/tensor'
import type { VitModelFolder } from '../../../src/engine/weights'
import { temporaryFolder } from '../../helpers/folders'
import { readGoldenTensors } from '../../helpers/golden-tensors'
import { smallConfigs, writeSmallModel } from '../../helpers/small-models'

let runtime: Runtime
beforeAll(async () => {
  runtime = await createRuntime({ preferred: 'cpu', threads: 1 })
})
afterAll(async () => {
  await runtime.dispose()
})

const inPrecision = (model: VitModelFolder, precision: Precision, on: Runtime = runtime): Backbone => loadBackbone(on, { ...model, manifest: { ...model.manifest, precision } })

function batchOf({ patchSize, positionGrid }: VitConfig, count: number): PatchBatch {
  const grid = { height: positionGrid, width: positionGrid }
  const random = randomStream(3)
  // Pictures of quite different contrast, which a scale shared by a batch would mix.
  const perPicture = grid.height * grid.width * 3 * patchSize * patchSize
  return { count, grid, patches: Float32Array.from({ length: count * perPicture }, (_, index) => random.normal() * 4 ** Math.floor(index / perPicture)) }
}

/** Half to even. */
const round = (value: number): number => (Math.abs(value % 1) === 0.5 ? 2 * Math.round(value / 2) : Math.round(value))

/** x · weightᵀ + bias through integers: x in bytes by its range, each row of the weight in seven bits by its largest magnitude. */
function integerLinear(x: readonly (readonly number[])[], weight: Float32Array, bias: Float32Array): number[][] {
  const inputs = x[0]!.length
  const all = x.flat()
  const [smallest, largest] = [Math.min(0, ...all), Math.max(0, ...all)]
  const step = (largest - smallest) / 255
  const zero = round(-smallest / step)
  const rows = Array.from({ length: bias.length }, (_, row) => {
    const values = Array.from(weight.subarray(row * inputs, (row + 1) * inputs))
    const scale = Math.max(...values.map(Math.abs)) / 64
    return { scale, values: values.map((value) => Math.sign(value) * Math.round(Math.abs(value) / scale)) }
  })
  return x.map((token) => {
    const bytes = token.map((value) => Math.min(255, Math.max(0, round(value / step) + zero)))
    return rows.map(({ scale, values }, row) => bias[row]! + step * scale * values.reduce((sum, value, index) => sum + value * (bytes[index]! - zero), 0))
  })
}

describe('int8', () => {
  it.each([smallConfigs.dino, smallConfigs.registers])('is what a loop over integers gives, on the keys of the first block ($family, $registers registers)', async (config) => {
    const small = { ...config, depth: 1 }
    const model = await writeSmallModel(await temporaryFolder(), small)
    const { dim, patchSize, registers, positionGrid, layerNormEps } = small
    const [count, pixels] = [positionGrid ** 2, 3 * patchSize ** 2]
    const batch = batchOf(small, 1)
    const keys = await inPrecision(model, 'int8').keys(batch)
    const exact = await inPrecision(model, 'fp32').keys(batch)

    const tensors = readGoldenTensors(model.weights.path)
    const weight = (name: string): Float32Array => tensors.get(name)!.data
    const [embed, embedBias, positions, cls] = [weight('patch_embed.proj.weight'), weight('patch_embed.proj.bias'), weight('pos_embed'), weight('cls_token')]
    const rowOf = (length: number, value: (row: number) => number): number[] => Array.from({ length }, (_, row) => value(row))
    const patchToken = (patch: number): number[] =>
      rowOf(dim, (row) => {
        let sum = embedBias[row]! + positions[(1 + patch) * dim + row]!
        for (let pixel = 0; pixel < pixels; pixel++) sum += embed[row * pixels + pixel]! * batch.patches[patch * pixels + pixel]!
        return sum
      })
    // The scale of the activations is that of all tokens, so CLS and registers count too.
    const tokens = [
      rowOf(dim, (row) => cls[row]! + positions[row]!),
      ...Array.from({ length: registers }, (_, register) => rowOf(dim, (row) => weight('register_tokens')[register * dim + row]!)),
      ...Array.from({ length: count }, (_, patch) => patchToken(patch)),
    ]
    const [gain, shift] = [weight('blocks.0.norm1.weight'), weight('blocks.0.norm1.bias')]
    const normed = tokens.map((token) => {
      const mean = token.reduce((sum, value) => sum + value, 0) / dim
      const deviation = Math.sqrt(token.reduce((sum, value) => sum + (value - mean) ** 2, 0) / dim + layerNormEps)
      return token.map((value, row) => ((value - mean) / deviation) * gain[row]! + shift[row]!)
    })
    const projected = integerLinear(normed, weight('blocks.0.attn.qkv.weight'), weight('blocks.0.attn.qkv.bias'))
    const expected = projected.slice(1 + registers).flatMap((token) => token.slice(dim, 2 * dim))
    const differences = expected.map((value, index) => Math.abs(value - keys[index]!))
    // A sum in single precision may fall on the other side of a half: one step of one activation, in few places.
    expect(differences.filter((difference) => difference > 1e-4).length / differences.length).toBeLessThan(0.01)
    expect(Math.max(...differences)).toBeLessThan(0.05)
    // The exact numbers are not these.
    expect(exact.filter((value, index) => Math.abs(value - keys[index]!) > 1e-3).length).toBeGreaterThan(keys.length / 2)
  })

  it.each(Object.entries(smallConfigs))('is near the exact numbers in all that a %s model is asked for', async (_name, config) => {
    const model = await writeSmallModel(await temporaryFolder(), config)
    const [exact, own] = [inPrecision(model, 'fp32'), inPrecision(model, 'int8')]
    const batch = batchOf(config, 1)
    const [wanted, found] = [await exact.embedPatches(batch), await own.embedPatches(batch)]
    expect(Math.min(cosine(found.cls, wanted.cls), cosine(found.mean, wanted.mean), cosine(found.patches, wanted.patches))).toBeGreaterThan(0.99)
    expect(found.patches).not.toEqual(wanted.patches)
    // One precision in all graphs: what is stored and what is looked at agree.
    const [embedded, looked] = [await own.embed(batch), await own.look(batch, [0])]
    expect(Math.max(...embedded.cls.map((value, index) => Math.abs(value - looked.tokens[index]!)))).toBeLessThan(1e-4)
    const [deep, exactDeep] = [await own.intermediate(batch, [1], true), await exact.intermediate(batch, [1], true)]
    expect(cosine(deep[0]!, exactDeep[0]!)).toBeGreaterThan(0.99)
  })

  it('tells of a picture what it is, whatever else is in its batch', async () => {
    const model = await writeSmallModel(await temporaryFolder(), smallConfigs.dinov2, 'float16')
    const own = inPrecision(model, 'int8')
    const { grid, patches } = batchOf(smallConfigs.dinov2, 3)
    const together = await own.embedPatches({ count: 3, grid, patches })
    const looked = await own.look({ count: 3, grid, patches }, [0])
    for (let picture = 0; picture < 3; picture++) {
      const alone = await own.embedPatches({ count: 1, grid, patches: patches.slice((picture * patches.length) / 3, ((picture + 1) * patches.length) / 3) })
      const part = (values: Float32Array): Float32Array => values.subarray((picture * values.length) / 3, ((picture + 1) * values.length) / 3)
      expect([part(together.cls), part(together.mean), part(together.patches)]).toEqual([alone.cls, alone.mean, alone.patches])
      expect(Math.max(...part(looked.tokens).subarray(0, 32).map((value, index) => Math.abs(value - alone.cls[index]!)))).toBeLessThan(1e-4)
    }
  })
})

describe('fp16', () => {
  it('multiplies rounded numbers where a provider has them, and gives nearly the same', async () => {
    const model = await writeSmallModel(await temporaryFolder(), smallConfigs.registers)
    // The CPU's kernels convert back and forth: slow, but the graph is the one that others run.
    const halves = { ...runtime, float16: true }
    const batch = batchOf(smallConfigs.registers, 2)
    const [exact, own] = [await inPrecision(model, 'fp32').embedPatches(batch), await inPrecision(model, 'fp16', halves).embedPatches(batch)]
    expect(cosine(own.patches, exact.patches)).toBeGreaterThan(0.999)
    expect(own.patches).not.toEqual(exact.patches)
  })
})

it('a provider is only asked for what it has', async () => {
  const model = await writeSmallModel(await temporaryFolder(), smallConfigs.dino)
  expect(() => inPrecision(model, 'fp16')).toThrow(/cpu does not compute in fp16 here: the CPU gains nothing from fp16.*It offers fp32 and int8/)
  expect(() => inPrecision(model, 'int8', { ...runtime, provider: 'webgpu', float16: true })).toThrow(/webgpu does not compute in int8 here: int8 is for the CPU.*It offers fp32 and fp16/)
  expect([offeredPrecisions({ provider: 'cpu', float16: false }), offeredPrecisions({ provider: 'webgpu', float16: false }), offeredPrecisions({ provider: 'cuda', float16: true })]).toEqual([['fp32', 'int8'], ['fp32'], ['fp32', 'fp16']])
  expect([describePrecision(), describePrecision('fp32'), describePrecision('int8')?.startsWith('linear layers in int8')]).toEqual([undefined, undefined, true])
})
