/** @file Graphs that eat, hang or are of something else, tried in processes of their own. Rows B10 of the reliability page. */
import { execFile } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { createOnnxTrials, trialLimits } from '../../../../src/engine/host/foreign/try-onnx'
import { forkTrainer } from '../../../../src/engine/host/trainer/fork-trainer'
import type { StartTrainer } from '../../../../src/engine/host/trainer/process'
import { createModelStore } from '../../../../src/engine/host/model-store'
import { encodeModel, type OnnxModel } from '../../../../src/engine/onnx'
import { ProtobufWriter } from '../../../../src/engine/onnx/protobuf'
import { findAppFolders } from '../../../../src/shell'
import { temporaryFolder } from '../../../helpers/folders'
import { floats, integers, node, onnxModel, tokenModel, value, vectorModel } from '../../../helpers/foreign-models'
import { thrownBy } from '../../../helpers/thrown'

const { root, trainerModule } = findAppFolders()

beforeAll(async () => {
  await promisify(execFile)(process.execPath, [join(root, 'scripts', 'build.mjs')])
}, 180_000)

const gibibyte = 2 ** 30
/** Little, so that the machine of the tests need not have much. */
const limits = { memoryBytes: gibibyte, ms: 60_000 }

interface Fixture {
  readonly path: string
  readonly imported: () => Promise<unknown>
  /** What lies in the folder of models, and how trial processes ended. */
  readonly left: () => { readonly models: readonly string[]; readonly ends: readonly string[] }
}

async function fixture(bytes: Uint8Array, { memoryBytes, ms } = limits): Promise<Fixture> {
  const folder = await temporaryFolder()
  const path = join(folder, 'net.onnx')
  writeFileSync(path, bytes)
  const modelsFolder = join(folder, 'models')
  const ends: string[] = []
  const start: StartTrainer = () => {
    const trainer = forkTrainer(trainerModule)
    trainer.onExit((reason) => ends.push(reason))
    return trainer
  }
  const store = createModelStore({ bundledFolder: join(folder, 'bundled'), modelsFolder, tryOnnx: createOnnxTrials(start, () => ({ memoryBytes, ms })) })
  const context = { signal: new AbortController().signal, emit: () => undefined }
  return {
    path,
    imported: () => store.add(path, undefined, undefined, context),
    left: () => ({ models: (() => { try { return readdirSync(modelsFolder) } catch { return [] } })(), ends }),
  }
}

/** A token model whose tokens depend on `count` numbers that are made when it runs. */
function greedy(count: number): OnnxModel {
  const { model } = vectorModel({ patch: 16, dim: 4 })
  const { nodes, initializers, outputs, inputs } = model.graph
  const made = [node('ConstantOfShape', ['count'], 'many'), node('ReduceMax', ['many'], 'most', { keepdims: { kind: 'int', value: 0 } }), node('Add', ['embedding', 'most'], 'greedy')]
  return onnxModel([...nodes, ...made], [...initializers, integers('count', [count])], inputs, outputs.map((output) => ({ ...output, name: 'greedy' })))
}

/** A model that waits for a loop whose condition stays true. */
function endless(): Uint8Array {
  const { model } = vectorModel({ patch: 16, dim: 4 })
  const { nodes, initializers, outputs, inputs } = model.graph
  const base = onnxModel([...nodes, node('Add', ['embedding', 'looped'], 'late')], [...initializers, { name: 'always', dtype: 'bool', shape: [], data: Uint8Array.of(1) }, floats('start', [1], new Float32Array(1))], inputs, outputs.map((output) => ({ ...output, name: 'late' })))
  const typed = (name: string, dtype: number, shape: readonly number[]) => (info: ProtobufWriter): void => {
    info.string(1, name)
    info.message(2, (type) => {
      type.message(1, (tensor) => {
        tensor.integer(1, dtype)
        tensor.message(2, (dims) => { for (const dim of shape) dims.message(1, (target) => { target.integer(1, dim) }) })
      })
    })
  }
  const body = (graph: ProtobufWriter): void => {
    for (const [from, to] of [['going', 'goes'], ['sum', 'summed']] as const)
      graph.message(1, (target) => {
        target.string(1, from)
        target.string(2, to)
        target.string(4, 'Identity')
      })
    graph.string(2, 'body')
    for (const [name, dtype, shape] of [['step', 7, []], ['going', 9, []], ['sum', 1, [1]]] as const) graph.message(11, typed(name, dtype, shape))
    for (const [name, dtype, shape] of [['goes', 9, []], ['summed', 1, [1]]] as const) graph.message(12, typed(name, dtype, shape))
  }
  const loop = new ProtobufWriter()
  // A graph that occurs twice is merged.
  loop.message(7, (graph) => {
    graph.message(1, (target) => {
      for (const input of ['', 'always', 'start']) target.string(1, input)
      target.string(2, 'looped')
      target.string(4, 'Loop')
      target.message(5, (attribute) => {
        attribute.string(1, 'body')
        attribute.message(6, body)
        attribute.integer(20, 5)
      })
    })
  })
  return Buffer.concat([encodeModel(base), loop.finish()])
}

describe('a graph of another maker', () => {
  it('that is a model of pictures is tried in a process that ends, and imported', async () => {
    const { imported, left } = await fixture(encodeModel(tokenModel({ patch: 16, dim: 4, leading: 1 }).model))
    expect(await imported()).toMatchObject({ id: 'net', family: 'onnx', patchSize: 16, dim: 4, gives: { patches: true, attention: false, inside: false }, fixedSize: undefined })
    expect(left().models).toEqual(['net'])
    expect(left().ends.length).toBe(1)
  }, 60_000)

  it.each([
    ['more memory than it is given', 10 ** 9, 'more than 1.0 GB of memory'],
    ['more memory than there is', 10 ** 15, 'The graph cannot be'],
  ])('that takes %s is ended, and nothing of it stays', async (_what, count, told) => {
    const { imported, left } = await fixture(encodeModel(greedy(count)))
    expect(await thrownBy(imported)).toMatchObject({ code: 'MODEL_RESOURCE', message: expect.stringContaining(told) })
    expect(left().models).toEqual([])
    expect(left().ends.length).toBe(1)
  }, 90_000)

  it('that never ends is ended after its time, and nothing of it stays', async () => {
    const { imported, left } = await fixture(endless(), { memoryBytes: gibibyte, ms: 8000 })
    const started = performance.now()
    expect(await thrownBy(imported)).toMatchObject({ code: 'MODEL_RESOURCE', message: expect.stringContaining('within 8 s') })
    expect(performance.now() - started).toBeLessThan(30_000)
    expect(left()).toEqual({ models: [], ends: ['it was ended by SIGKILL'] })
  }, 90_000)

  it.each([
    ['words', [value('input_ids', ['batch', 'length'], 'int64'), value('pixels', ['b', 3, 8, 8])], 'input_ids: int64 [batch, length], pixels: float32 [b, 3, 8, 8]'],
    ['bytes', [value('pixels', ['b', 3, 8, 8], 'uint8')], 'pixels: uint8 [b, 3, 8, 8]'],
    ['vectors', [value('features', ['b', 8])], 'features: float32 [b, 8]'],
    ['grey pictures', [value('pixels', ['b', 1, 8, 8])], 'pixels: float32 [b, 1, 8, 8]'],
    ['nothing', [], 'no input'],
  ])('of %s is refused before it is run, telling what it takes and what is missing', async (_what, inputs, told) => {
    const { imported, left } = await fixture(encodeModel(onnxModel([node('Identity', [inputs[0]?.name ?? 'x'], 'y')], [], inputs, [value('y', ['b', 4])])))
    expect(await thrownBy(imported)).toMatchObject({ code: 'MODEL_UNSUPPORTED', message: expect.stringContaining(`it takes ${told}; what is needed is one input float32 [batch, 3, height, width]`) })
    expect(left()).toEqual({ models: [], ends: [] })
  })

  it('whose outputs are nothing of pictures, or that the runtime refuses, is not imported', async () => {
    const odd = onnxModel([node('Flatten', ['x'], 'flat'), node('Squeeze', ['flat', 'first'], 'y')], [integers('first', [0])], [value('x', [1, 3, 8, 8])], [value('y', [192])])
    const broken = onnxModel([node('NoSuchOperator', ['x'], 'y')], [], [value('x', ['b', 3, 'h', 'w'])], [value('y', ['b', 4])])
    for (const [model, told] of [[odd, 'gives nothing that could be looked through'], [broken, 'The graph cannot be loaded']] as const) {
      const { imported, left } = await fixture(encodeModel(model))
      expect(await thrownBy(imported)).toMatchObject({ code: 'MODEL_UNSUPPORTED', message: expect.stringContaining(told) })
      expect(left().models).toEqual([])
    }
  }, 60_000)
})

it('limits leave a model room for its weights, and the machine some of its memory', () => {
  expect(trialLimits(0, 64 * gibibyte)).toEqual({ memoryBytes: 2 * gibibyte, ms: 20_000 })
  expect(trialLimits(gibibyte, 64 * gibibyte)).toEqual({ memoryBytes: 5 * gibibyte, ms: 30_000 })
  expect(trialLimits(4 * gibibyte, 8 * gibibyte).memoryBytes).toBe(Math.floor(6.4 * gibibyte))
})
