/** @file `dinoscope models precision`: what fewer bits cost and gain on somebody's own pictures, and choosing them. */
import { basename, join, resolve } from 'node:path'
import type { Precision, PrecisionCard, ProviderName } from '../../engine/contract'
import { createKeptPrecisions, measureCard, precisionFile } from '../../engine/host'
import { readImageFile } from '../../engine/image'
import { offeredPrecisions } from '../../engine/inference'
import { openStore } from '../../engine/library'
import { createRuntime, type Runtime } from '../../engine/runtime'
import { requireVit } from '../../engine/weights'
import { defaultWorkspace } from '../../shell'
import type { CommandContext, CommandResult } from '../context'
import { exitCodes, UsageError } from '../exit-codes'
import { chooseModel } from '../models'
import { scanPictures } from '../scan'

export interface PrecisionOptions {
  readonly workspace?: string
  readonly provider?: ProviderName
  readonly threads?: number
  readonly measure?: string
  readonly precision?: Exclude<Precision, 'fp32'>
  readonly use?: Precision
}

const verdicts: Readonly<Record<PrecisionCard['verdict'], string>> = {
  use: 'near enough to fp32, and faster here',
  slow: 'near enough to fp32, but not clearly faster here',
  far: 'too far from fp32 to rely on; it cannot be chosen',
}

/** A card in a few lines. */
export function cardLines(card: PrecisionCard): string[] {
  const { precision, provider, pictures, folder, cls, patches, overlap, neighbours, exactMs, ownMs, speed, verdict } = card
  return [
    `${precision} on ${provider}, ${pictures} pictures${folder === undefined ? '' : ` of ${folder}`}: ${verdicts[verdict]}`,
    `  cosine of CLS tokens    mean ${cls.mean.toFixed(5)}   worst picture ${cls.worst.toFixed(5)}`,
    `  cosine of patch tokens  mean ${patches.mean.toFixed(5)}   worst picture ${patches.worst.toFixed(5)}`,
    `  same nearest ${String(neighbours).padEnd(2)}         ${(100 * overlap).toFixed(1)} %`,
    `  speed                   ${speed.median.toFixed(2)} × (middle half ${speed.low.toFixed(2)} to ${speed.high.toFixed(2)}): ${ownMs.toFixed(1)} ms a picture, fp32 ${exactMs.toFixed(1)} ms`,
  ]
}

/** The precision that is meant where none is named: the first that the provider has beside fp32. */
function meantPrecision(named: PrecisionOptions['precision'], runtime: Runtime): Precision {
  const offered = named ?? offeredPrecisions(runtime).find((precision) => precision !== 'fp32')
  if (offered === undefined) throw new UsageError(`${runtime.provider} computes in fp32 alone`)
  return offered
}

/** Measures where a folder is named, chooses where a precision is, and prints what holds then. The workspace is not open elsewhere meanwhile. */
export async function precision(name: string | undefined, options: PrecisionOptions, context: CommandContext): Promise<CommandResult> {
  const { terminal } = context
  const workspace = resolve(options.workspace ?? defaultWorkspace())
  const model = requireVit(await chooseModel({ model: name, workspace: options.workspace }, context), 'computed in another precision')
  const { name: modelName, id, weights } = model.manifest
  // An engine that uses the workspace knows what it read when it started.
  const store = options.measure !== undefined || options.use !== undefined ? await openStore(workspace, { mode: 'write' }) : undefined
  const runtime = await createRuntime({ preferred: options.provider ?? (options.precision === 'int8' ? 'cpu' : undefined), threads: options.threads })
  try {
    const kept = createKeptPrecisions(join(workspace, precisionFile), terminal.note)
    if (options.measure !== undefined) {
      const { images } = await scanPictures(options.measure, context)
      const pictures = images.map(({ path }) => () => readImageFile(path))
      await kept.keepCard(weights.sha256, await measureCard(runtime, model, { precision: meantPrecision(options.precision, runtime), folder: basename(resolve(options.measure)), pictures }, context))
    }
    if (options.use !== undefined) await kept.choose(weights.sha256, options.use, runtime.provider)
    const { precision: chosen, cards } = await kept.of(weights.sha256)
    const offered = offeredPrecisions(runtime)
    terminal.result({ model: { id, name: modelName, sha256: weights.sha256 }, provider: runtime.provider, precision: chosen, offered, cards }, [
      ...cards.flatMap(cardLines),
      `${modelName} is computed in ${chosen}${offered.includes(chosen) ? '' : `, which ${runtime.provider} does not have: here, in fp32`}.`,
      ...(cards.length === 0 ? [`${runtime.provider} offers ${offered.join(' and ')}; --measure FOLDER compares them on your own pictures.`] : []),
    ])
    return exitCodes.done
  } finally {
    await runtime.dispose()
    await store?.close()
  }
}
