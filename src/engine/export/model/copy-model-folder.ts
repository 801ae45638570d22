/** @file A model folder somewhere else, as it is or with its weights at another precision. */
import { copyFile, lstat, mkdir, open } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { EngineError, type ParityRow, type WeightPrecision } from '../../contract'
import { isRounding, isVit, manifestFile, openModelFolder, requireVit, verifyModelFolder, weightsFile, withStoredAs, writeModelFolder, type ModelFolder, type VitModelFolder } from '../../weights'
import { roundedDescription } from './rounded-description'
import { checkRounding, type RoundingCheck } from './rounding-check'
import { stageBeside } from './staging'

export interface CopyModelOptions {
  /** Undefined keeps every weight as it is stored. */
  readonly precision: WeightPrecision | undefined
  readonly signal: AbortSignal
  /** Asked for only where weights are rounded. */
  check(): Promise<RoundingCheck>
}

export interface CopiedModel {
  /** Paths. */
  readonly files: readonly string[]
  /** What rounding has changed on real pictures; empty for a copy. */
  readonly parity: readonly ParityRow[]
}

/**
 * Copies `model` to the new folder `path`, and believes the copy after its hash was checked and, where its weights were rounded, it
 * was compared with the model.
 * @throws EngineError ALREADY_EXISTS, DISK, MODEL_DAMAGED when the copy is not what the model is, MODEL_TENSOR when a weight is beyond
 * the range, RUNTIME when rounding changes too much; the signal's reason when cancelled
 */
export async function copyModelFolder(path: string, model: ModelFolder, { precision, signal, check }: CopyModelOptions): Promise<CopiedModel> {
  const rewritten = precision === undefined ? undefined : { vit: requireVit(model, `copied at another precision; without one its files are copied as they are`), precision }
  const name = basename(path)
  const taken = await lstat(path).then(
    () => true,
    () => false,
  )
  // An empty folder would be replaced by the copy, one with files in it refused by the system; neither was meant.
  if (taken) throw new EngineError('ALREADY_EXISTS', `${path} exists already; name a folder that does not`, { detail: { path } })
  let parity: readonly ParityRow[] = []
  const [copied = path] = await stageBeside(path, async (staging) => {
    const copy = join(staging, name)
    await (rewritten === undefined ? copyAsIs(copy, model, signal) : writeAt(copy, rewritten.vit, rewritten.precision, signal))
    const written = await openModelFolder(copy)
    await verifyModelFolder(written, signal)
    if (rewritten !== undefined && isVit(written) && isRounding(rewritten.vit.weights, precision)) ({ parity } = await checkRounding(path, name, written.weights, rewritten.vit, await check(), signal))
    return [name]
  })
  return { files: filesOf(model).map((file) => join(copied, file)), parity }
}

/** Names of a model's files, the one that describes it first. */
function filesOf(model: ModelFolder): string[] {
  return [manifestFile, ...(isVit(model) ? [weightsFile] : model.manifest.weights.files.map(({ name }) => name))]
}

/** The description last, without which the rest is no model. */
async function copyAsIs(copy: string, model: ModelFolder, signal: AbortSignal): Promise<void> {
  await mkdir(copy)
  for (const file of filesOf(model).reverse()) {
    signal.throwIfAborted()
    await copyFile(join(model.folder, file), join(copy, file))
    await flush(join(copy, file))
  }
}

async function writeAt(copy: string, model: VitModelFolder, precision: WeightPrecision, signal: AbortSignal): Promise<void> {
  await verifyModelFolder(model, signal)
  const { id, ...draft } = isRounding(model.weights, precision) ? roundedDescription(model.manifest) : model.manifest
  await withStoredAs(model.weights, precision, (tensors) => writeModelFolder([{ id, folder: copy }], { ...draft, tensors }, { signal, emit: () => undefined }))
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r+')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
