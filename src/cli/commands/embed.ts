/** @file `dinoscope embed`: one vector per picture of a folder, in one file. */
import { extname, resolve } from 'node:path'
import { EngineError, type AnalysisSize, type EmbeddingFormat, type FileProblem, type Pooling } from '../../engine/contract'
import { sidecarPath, writeEmbeddings } from '../../engine/export'
import { describePreparation, preparePicture } from '../../engine/host'
import { readImageFile } from '../../engine/image'
import { embedImages, pooledDim } from '../../engine/inference'
import { scanFolder, type ScannedImage } from '../../engine/library'
import type { CommandContext, CommandResult } from '../context'
import { exitCodes, UsageError } from '../exit-codes'
import { withBackbone, type ModelOptions } from '../models'

export interface EmbedOptions extends ModelOptions {
  readonly out: string
  readonly pool: Pooling
  readonly size?: number | 'native'
  readonly raw?: boolean
}

/** Whole pictures beyond this are reduced, so that a folder of panoramas does not take a day. */
const maxPatches = 4096

function formatOf(path: string): EmbeddingFormat {
  const extension = extname(path).toLowerCase()
  if (extension === '.csv') return 'csv'
  if (extension === '.npy') return 'npy'
  throw new UsageError(`--out must end in .csv or .npy, not ${JSON.stringify(extension)}`)
}

interface Scan {
  readonly images: readonly ScannedImage[]
  readonly skipped: readonly FileProblem[]
}

async function scan(folder: string, { signal }: CommandContext): Promise<Scan> {
  const images: ScannedImage[] = []
  const skipped: FileProblem[] = []
  for await (const batch of scanFolder(folder, { signal })) {
    images.push(...batch.images)
    skipped.push(...batch.skipped)
  }
  return { images, skipped }
}

/** Embeds every picture below `folder`. Those that cannot be read are told and left out; only when none can, it fails. */
export async function embed(folder: string, options: EmbedOptions, context: CommandContext): Promise<CommandResult> {
  const { terminal } = context
  const format = formatOf(options.out)
  const out = resolve(options.out)
  const size: AnalysisSize = options.size ?? 'evaluation'
  const found = await scan(folder, context)
  const tell = (problem: FileProblem): void => {
    terminal.note(`${problem.relativePath}: ${problem.code}: ${problem.reason}`)
  }
  found.skipped.forEach(tell)
  if (found.images.length === 0) throw new EngineError('NOT_FOUND', `there are no pictures in ${folder}`, { detail: { folder } })

  return withBackbone(options, context, async (backbone, runtime) => {
    const { manifest, config } = backbone
    const vectors: (Float32Array | undefined)[] = found.images.map(() => undefined)
    const sources = found.images.map(({ path, relativePath }) => ({
      relativePath,
      prepare: async () => preparePicture(await readImageFile(path), size, manifest, maxPatches),
    }))
    const { embedded, skipped, imagesPerSecond } = await embedImages(backbone, sources, {
      pooling: options.pool,
      signal: context.signal,
      emit: context.emit,
      onVector: (index, vector) => {
        vectors[index] = vector
      },
      onSkipped: tell,
    })
    if (embedded === 0) throw new EngineError('IMG_CORRUPT', `none of the ${found.images.length} pictures in ${folder} could be read`, { detail: { skipped } })
    const rows = found.images.flatMap(({ relativePath }, index) => {
      const vector = vectors[index]
      return vector === undefined ? [] : [{ name: relativePath, vector }]
    })
    const dim = pooledDim(config.dim, options.pool)
    const model = { id: manifest.id, name: manifest.name, sha256: manifest.weights.sha256 }
    const allSkipped = [...found.skipped, ...skipped]
    await writeEmbeddings(out, format, { dim, rows, pooling: options.pool, model, preprocessing: describePreparation(size, manifest), skipped: allSkipped }, { raw: options.raw })
    const files = format === 'npy' ? [out, sidecarPath(out)] : [out]
    terminal.result({ files, images: embedded, dim, pooling: options.pool, model, provider: runtime.provider, skipped: allSkipped, imagesPerSecond }, [
      `${embedded} pictures, ${dim} numbers each, in ${files.join(' and ')} (${imagesPerSecond.toFixed(1)}/s${allSkipped.length === 0 ? '' : `, ${allSkipped.length} left out`})`,
    ])
    return exitCodes.done
  })
}
