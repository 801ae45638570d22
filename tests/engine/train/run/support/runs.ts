/** @file A small run, and checkpoints whose content follows from their step, so that any of them can be checked. */
import { join } from 'node:path'
import type { RecipeSummary } from '../../../../../src/engine/contract'
import { tensor, type Tensor } from '../../../../../src/engine/tensor'
import {
  createRunFolder,
  loadCheckpoint,
  saveCheckpoint,
  type CheckpointContent,
  type CheckpointInfo,
  type RunFolder,
  type SaveOptions,
} from '../../../../../src/engine/train/run'

export const summary: RecipeSummary = {
  method: 'dino',
  architecture: 'ViT-Ti/16',
  patchSize: 16,
  backboneParameters: 5_500_000,
  headParameters: 1_000_000,
  globalSize: 224,
  localSize: 96,
  localCrops: 8,
  batch: 4,
  accumulate: 1,
}

export const recipe = 'preset: tiny-smoke\n'
export const images = [
  { relativePath: 'a.jpg', sizeBytes: 10 },
  { relativePath: 'sub/b.png', sizeBytes: 20 },
]

export async function makeRun(folder: string, yaml = recipe): Promise<RunFolder> {
  return createRunFolder(join(folder, 'runs'), { name: 'Test run', root: '/photos', init: undefined, summary }, images, yaml)
}

const width = 96

/** The one legal content of the checkpoint of a step. */
export function contentOf(step: number): CheckpointContent {
  const values = (seed: number): Tensor => tensor('float32', [width, width], Float32Array.from({ length: width * width }, (_, index) => step + seed + index / 7))
  return {
    step,
    tensors: {
      student: [['backbone.norm.weight', values(0.25)], ['backbone.norm.bias', values(0.5)]],
      teacher: [['backbone.norm.weight', values(0.75)]],
    },
    state: { step, temperature: 0.1 + step / 3, position: { epoch: 2, images: [1, 2, 3] } },
  }
}

export async function save(run: RunFolder, step: number, options?: SaveOptions): Promise<CheckpointInfo> {
  return saveCheckpoint(run, contentOf(step), options)
}

/** The content of a checkpoint on disk, in the form of {@link contentOf}. */
export async function readContent(info: CheckpointInfo): Promise<CheckpointContent> {
  const { step, state, tensors, close } = await loadCheckpoint(info)
  const read: Record<string, (readonly [string, Tensor])[]> = {}
  for (const [stem, entries] of tensors) {
    const pairs: (readonly [string, Tensor])[] = []
    for (const [name, source] of entries) pairs.push([name, await source.read()])
    read[stem] = pairs
  }
  await close()
  return { step, tensors: read, state }
}
