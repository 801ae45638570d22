/** @file A model as one safetensors file under the official names, believed only after every element has been read back. */
import { basename, join } from 'node:path'
import { EngineError, type ParityRow, type WeightPrecision } from '../../contract'
import { saveFile } from '../../files'
import { embeddedDescription, hashElements, isRounding, readSafetensorsIndex, withStoredAs, withTensors, writeSafetensorsFrom, type VitModelFolder } from '../../weights'
import { exportMetadata } from './metadata'
import { parityPath } from './parity-path'
import { checkRounding, type RoundingCheck } from './rounding-check'
import { roundedDescription } from './rounded-description'
import { stageBeside } from './staging'

export interface SafetensorsFileOptions {
  readonly precision: WeightPrecision | undefined
  readonly signal: AbortSignal
  readonly onWritten: (bytes: number) => void
  /** Asked for only where weights are rounded. */
  check(): Promise<RoundingCheck>
}

/**
 * Writes the weights of `model`, as they are stored or at another precision, with its description as metadata; beside rounded
 * ones a table of what rounding has changed.
 * @returns paths, the model's own last, and that table
 * @throws EngineError DISK when it cannot be written or does not read back, MODEL_TENSOR when a weight is beyond the range, RUNTIME
 * when rounding changes too much; the signal's reason when cancelled
 */
export async function writeSafetensorsModel(path: string, model: VitModelFolder, { precision, signal, onWritten, check }: SafetensorsFileOptions): Promise<{ readonly files: string[]; readonly parity: readonly ParityRow[] }> {
  const { manifest, weights } = model
  const name = basename(path)
  const rounding = isRounding(weights, precision)
  let parity: readonly ParityRow[] = []
  const files = await stageBeside(path, async (folder) => {
    const staged = join(folder, name)
    const elementsSha256 = await withStoredAs(weights, precision, async (tensors) => {
      const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]))
      const elements = await hashElements(manifest.config, async (wanted) => {
        const found = byName.get(wanted)
        if (found === undefined) throw new EngineError('MODEL_KEYS', `${weights.path} has no tensor ${wanted}`, { detail: { path: weights.path, name: wanted } })
        return found.read()
      }, signal)
      const description = embeddedDescription(rounding ? roundedDescription(manifest) : manifest, elements)
      // `format` is what transformers looks for before it reads a file.
      await writeSafetensorsFrom(staged, tensors, { metadata: { format: 'pt', ...exportMetadata(description) }, signal, onWritten: (_name, bytes) => { onWritten(bytes) } })
      return elements
    })
    const written = await readSafetensorsIndex(staged)
    const readBack = await withTensors(written, (read) => hashElements(manifest.config, read, signal))
    if (readBack !== elementsSha256) throw new EngineError('DISK', `${path} does not read back as it was written`, { detail: { path } })
    if (!rounding) return [name]
    const report = await checkRounding(path, name, written, model, await check(), signal)
    parity = report.parity
    const reportName = basename(parityPath(path))
    await saveFile(join(folder, reportName), `${JSON.stringify(report, undefined, 2)}\n`)
    return [reportName, name]
  })
  return { files, parity }
}
