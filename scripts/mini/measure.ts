/** @file What the bundled backbone is worth: against the same network untrained, and against raw colours. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { loadBackbone, openRowProducts } from '../../src/engine/inference'
import { createRuntime } from '../../src/engine/runtime'
import { openModelFolder, requireVit } from '../../src/engine/weights'
import { writeUntrained } from './half-model'
import { colourFeatures, mosaicsOf, scoreMosaics, tokenFeatures, type Mosaic } from './mosaics'

export interface MeasureRequest {
  readonly model: string
  /** Holds `train` and `test`, each with class folders. */
  readonly cifar10: string
  readonly photos: string
  readonly samples: string
  /** Pictures per class. */
  readonly limit: string | undefined
  readonly cli: string
}

/** CIFAR's 32 pixels, upscaled. */
const knnSize = '64'
const boards = { photos: 200, samples: 60 } as const
const seed = 20261125

async function knnOf(request: MeasureRequest, features: readonly string[]): Promise<number> {
  const limit = request.limit === undefined ? [] : ['--limit', request.limit]
  const args = [request.cli, 'eval', 'knn', join(request.cifar10, 'train'), join(request.cifar10, 'test'), '--k', '20', '--json', ...limit, ...features]
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 28 })
  return (JSON.parse(stdout.trim().split('\n').at(-1)!) as { readonly accuracy: number }).accuracy
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
const standardError = (values: readonly number[]): number => Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)) / values.length)
const rounded = (value: number): number => Math.round(1e4 * value) / 1e4

/** Writes `figures.json` into the model's folder. */
export async function measure(request: MeasureRequest): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'mini-'))
  const runtime = await createRuntime({ preferred: 'cpu' })
  try {
    const trained = requireVit(await openModelFolder(request.model), 'drawn anew')
    await writeUntrained(join(scratch, 'untrained'), trained.manifest)
    const untrained = await openModelFolder(join(scratch, 'untrained'))

    const knn = {
      references: request.limit ?? 'all',
      trained: await knnOf(request, ['--model', trained.folder, '--size', knnSize]),
      untrained: await knnOf(request, ['--model', untrained.folder, '--size', knnSize]),
      pixels: await knnOf(request, ['--features', 'pixels']),
    }
    process.stdout.write(`k-NN ${JSON.stringify(knn)}\n`)

    const { products, release } = await openRowProducts(runtime)
    const [mini, random] = [loadBackbone(runtime, trained), loadBackbone(runtime, untrained)]
    const clustering: Record<string, unknown> = {}
    for (const [name, folder] of [['photos', request.photos], ['samples', request.samples]] as const) {
      const mosaics: Mosaic[] = []
      for await (const mosaic of mosaicsOf(folder, boards[name], seed)) mosaics.push(mosaic)
      const told = async (features: Parameters<typeof scoreMosaics>[1]) => {
        const scores = await scoreMosaics(mosaics, features, products)
        return { adjustedRand: rounded(mean(scores)), standardError: rounded(standardError(scores)) }
      }
      clustering[name] = { boards: mosaics.length, trained: await told(tokenFeatures(mini)), untrained: await told(tokenFeatures(random)), colours: await told(colourFeatures) }
      process.stdout.write(`patches of ${name} ${JSON.stringify(clustering[name])}\n`)
    }
    await release()
    await mini.dispose()
    await random.dispose()
    const figures = { weights: trained.manifest.weights.sha256, knn, clustering }
    await writeFile(join(request.model, 'figures.json'), `${JSON.stringify(figures, undefined, 2)}\n`)
  } finally {
    await runtime.dispose()
    await rm(scratch, { recursive: true, force: true })
  }
}
