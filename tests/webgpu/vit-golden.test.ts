/**
 * @file The forward goldens on WebGPU. `DINOSCOPE_WEBGPU_TESTS=required` (set by the test script where it found a software
 * adapter) makes a missing adapter a failure; otherwise it is a skip that says why.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRuntime, type Runtime } from '../../src/engine/runtime'
import { importModel } from '../../src/engine/weights'
import { goldenCases } from '../helpers/goldens'
import { compareWithGolden } from '../helpers/vit-golden'
import { loadBackbone } from '../../src/engine/inference'
import { maxDifference, noise } from '../helpers/tensors'

// Shaders sum in another order; the bound of the forward goldens holds all the same.
const tolerance = 1e-4

let runtime: Runtime
let modelsFolder: string
beforeAll(async () => {
  runtime = await createRuntime({ preferred: 'webgpu' })
  modelsFolder = await mkdtemp(join(tmpdir(), 'dinoscope-webgpu-'))
})
afterAll(async () => {
  await runtime.dispose()
  await rm(modelsFolder, { recursive: true, force: true })
})

describe('WebGPU and the official code give the same numbers', () => {
  it.for(goldenCases('vit'))('$name', async ({ folder }, context) => {
    const report = runtime.reports.find(({ name }) => name === 'webgpu')
    if (report?.ok !== true && process.env['DINOSCOPE_WEBGPU_TESTS'] !== 'required') {
      console.warn(`SKIPPED: no WebGPU adapter here (${report?.reason ?? 'not a candidate on this platform'})`)
      context.skip()
    }
    expect({ report, provider: runtime.provider }).toMatchObject({ report: { ok: true }, provider: 'webgpu' })
    const model = await importModel({ source: folder, modelsFolder }, { signal: new AbortController().signal, emit: () => undefined })
    const differences = await compareWithGolden(runtime, model, join(folder, 'expected.safetensors'))
    expect(Object.entries(differences).filter(([, difference]) => !(difference <= tolerance))).toEqual([])
  })
})

describe('WebGPU and the CPU give the same tokens', () => {
  // The goldens have at most 31 tokens; kernels may take another way for more.
  it.for(goldenCases('vit'))('$name, 225 patches', async ({ folder }, context) => {
    if (runtime.provider !== 'webgpu') context.skip()
    const cpu = await createRuntime({ preferred: 'cpu' })
    const model = await importModel({ source: folder, modelsFolder }, { signal: new AbortController().signal, emit: () => undefined })
    const { patchSize } = model.manifest.config
    const batch = { count: 1, grid: { height: 15, width: 15 }, patches: noise([225, 3 * patchSize ** 2], 4).data }
    const [expected, actual] = await Promise.all([cpu, runtime].map((each) => loadBackbone(each, model).look(batch, [0])))
    expect(maxDifference(actual!.tokens, expected!.tokens)).toBeLessThan(tolerance)
    expect(maxDifference(actual!.attention.at(-1)!, expected!.attention.at(-1)!)).toBeLessThan(tolerance)
    await cpu.dispose()
  })
})
