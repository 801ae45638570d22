/** @file Folders of small pictures and loaders over them. */
import { join } from 'node:path'
import sharp from 'sharp'
import { onTestFinished } from 'vitest'
import type { FileProblem } from '../../../../src/engine/contract'
import type { CropRecipe } from '../../../../src/engine/image'
import { openLoader, type CropGroup, type Loader, type LoaderOptions, type TrainBatch, type TrainingImage } from '../../../../src/engine/train/data'
import { temporaryFolder } from '../../../helpers/folders'

/** Every operation now and then. */
export function cropRecipe(size: number, scale: readonly [number, number] = [0.3, 1]): CropRecipe {
  return {
    size,
    scale,
    flip: 0.5,
    jitter: { probability: 0.8, brightness: 0.4, contrast: 0.4, saturation: 0.2, hue: 0.1 },
    grayscale: 0.2,
    blur: { probability: 0.5, kind: 'pil', sigma: [0.1, 2], kernel: 9 },
    solarize: { probability: 0.2, threshold: 128 },
  }
}

/** Two crops of 16 pixels and three of 8. */
export const cropGroups: readonly CropGroup[] = [
  { size: 16, crops: [cropRecipe(16), cropRecipe(16)] },
  { size: 8, crops: [cropRecipe(8), cropRecipe(8), cropRecipe(8)] },
]

/** A picture that no other number has. */
export async function numberedPicture(number: number, width = 24, height = 20): Promise<Buffer> {
  const rgb = Buffer.from(Array.from({ length: width * height * 3 }, (_, index) => (index * 7 + number * 31 + (index % 5) * number) % 256))
  return sharp(rgb, { raw: { width, height, channels: 3 } }).png().toBuffer()
}

export interface PictureFolder {
  readonly root: string
  readonly images: readonly TrainingImage[]
}

/** A temporary folder of `count` pictures `0.png`, `1.png`, …; those numbered in `broken` are no pictures. */
export async function pictureFolder(count: number, broken: readonly number[] = []): Promise<PictureFolder> {
  const names = Array.from({ length: count }, (_, number) => `${number}.png`)
  const files = await Promise.all(names.map(async (name, number) => [name, broken.includes(number) ? 'no picture' : await numberedPicture(number)] as const))
  const root = await temporaryFolder(Object.fromEntries(files))
  return { root, images: names.map((name) => ({ path: join(root, name), relativePath: name, sizeBytes: 1000 })) }
}

export const imageNetMean = [0.485, 0.456, 0.406] as const
export const imageNetStd = [0.229, 0.224, 0.225] as const

export function loaderOptions(folder: PictureFolder, more: Partial<LoaderOptions> = {}): LoaderOptions {
  return {
    ...folder,
    groups: cropGroups,
    batch: 4,
    seed: 11,
    patchSize: 8,
    mean: imageNetMean,
    std: imageNetStd,
    firstStep: 0,
    lastStep: 1000,
    cacheBytes: 2 ** 20,
    workers: 0,
    ahead: 2,
    signal: new AbortController().signal,
    onSkipped: () => undefined,
    ...more,
  }
}

/** Opens a loader that the end of the test closes. */
export async function open(folder: PictureFolder, more: Partial<LoaderOptions> = {}): Promise<Loader> {
  const loader = await openLoader(loaderOptions(folder, more))
  onTestFinished(() => loader.close())
  return loader
}

/** A batch without its memory, which later ones are written into. */
export interface KeptBatch {
  readonly step: number
  readonly epoch: number
  readonly images: readonly number[]
  readonly groups: readonly Buffer[]
}

export function keep({ step, epoch, images, groups, release }: TrainBatch): KeptBatch {
  const kept = { step, epoch, images, groups: groups.map((group) => Buffer.from(Uint8Array.from(Buffer.from(group.buffer, group.byteOffset, group.byteLength)))) }
  release()
  return kept
}

/** The next `count` batches. */
export async function take(loader: Loader, count: number): Promise<readonly KeptBatch[]> {
  const batches: KeptBatch[] = []
  for (let index = 0; index < count; index++) batches.push(keep(await loader.next()))
  return batches
}

/** The batches of steps `firstStep` … `firstStep + count - 1`, and what was skipped on the way. */
export async function batchesOf(folder: PictureFolder, count: number, more: Partial<LoaderOptions> = {}): Promise<{ readonly batches: readonly KeptBatch[]; readonly skipped: readonly FileProblem[] }> {
  const firstStep = more.firstStep ?? 0
  const loader = await open(folder, { lastStep: firstStep + count - 1, ...more })
  return { batches: await take(loader, count), skipped: loader.skipped }
}
