/** @file Temporary folders, golden weights and the small model that most tests of this layer use. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect } from 'vitest'
import { isEngineError, type EngineErrorCode, type JobContext, type Progress } from '../../../../src/engine/contract'
import { dinoConfig, vitParameters, type VitConfig } from '../../../../src/engine/nn'
import { allocate, elementCount, randomStream, tensor, type Tensor } from '../../../../src/engine/tensor'
import { openCheckpoint } from '../../../../src/engine/weights'

export const fixtures = join(import.meta.dirname, '../../../fixtures')

/** A folder that is removed after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'dinoscope-weights-'))
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  return folder
}

/** Writes a file into a folder and gives its path. */
export function put(folder: string, name: string, content: Buffer | string): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

/** The tensors of one state dict of a file. */
export async function tensorsOf(path: string, group = ''): Promise<Map<string, Tensor>> {
  const checkpoint = await openCheckpoint(path)
  const tensors = new Map<string, Tensor>()
  for (const [name, source] of checkpoint.groups.get(group) ?? []) tensors.set(name, await source.read())
  await checkpoint.close()
  return tensors
}

/** A DINO of 12 channels: one that needs a config for its heads, and is small enough to be written thousands of times. */
export const tinyConfig: VitConfig = { ...dinoConfig('ti', 8), patchSize: 2, dim: 12, hidden: 24, depth: 2, heads: 3, positionGrid: 2 }
export const tinyConfigFile = JSON.stringify({ family: 'dino', num_heads: 3, patch_size: 2, embed_dim: 12, depth: 2 })

/** Random float32 weights for every parameter of a configuration. */
export function randomWeights(config: VitConfig, seed = 1): Map<string, Tensor> {
  const random = randomStream(seed)
  return new Map(
    vitParameters(config).map(({ name, shape }) => {
      const data = allocate('float32', elementCount(shape)).map(() => random.uniform() - 0.5)
      return [name, tensor('float32', shape, data)]
    }),
  )
}

/** A job's context that keeps the events it was given. */
export function context(signal = new AbortController().signal): JobContext<Progress> & { readonly events: Progress[] } {
  const events: Progress[] = []
  return { signal, events, emit: (event) => events.push(event) }
}

/** The engine error of something that must fail. */
export async function errorOf(
  work: Promise<unknown>,
): Promise<{ readonly code: EngineErrorCode; readonly message: string; readonly detail: Readonly<Record<string, unknown>> | undefined }> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!isEngineError(error)) expect.fail(`expected an EngineError, found ${String(error)}`)
  const { code, message, detail } = error
  return { code, message, detail }
}
