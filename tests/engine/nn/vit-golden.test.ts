import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRuntime, type Runtime } from '../../../src/engine/runtime'
import { importModel } from '../../../src/engine/weights'
import { goldenCases } from '../../helpers/goldens'
import { compareWithGolden } from '../../helpers/vit-golden'

const tolerance = 1e-4

let runtime: Runtime
let modelsFolder: string
beforeAll(async () => {
  runtime = await createRuntime({ preferred: 'cpu' })
  modelsFolder = await mkdtemp(join(tmpdir(), 'dinoscope-golden-'))
})
afterAll(async () => {
  await runtime.dispose()
  await rm(modelsFolder, { recursive: true, force: true })
})

describe('the official code and ours give the same numbers', () => {
  it.each(goldenCases('vit'))('$name', async ({ folder }) => {
    const model = await importModel({ source: folder, modelsFolder }, { signal: new AbortController().signal, emit: () => undefined })
    const differences = await compareWithGolden(runtime, model, join(folder, 'expected.safetensors'))
    const tooLarge = Object.entries(differences).filter(([, difference]) => !(difference <= tolerance))
    expect(Object.keys(differences).length).toBeGreaterThan(1)
    expect(tooLarge).toEqual([])
  })
})
