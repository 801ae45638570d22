/** @file A model as a self-contained ONNX file: written, opened again, compared with the engine, and only then given its name. */
import { basename, join } from 'node:path'
import { EngineError, type ParityRow } from '../../contract'
import { saveFile } from '../../files'
import { vitParameters } from '../../nn'
import type { OnnxModel } from '../../onnx'
import type { Session } from '../../runtime'
import { embeddedDescription, unusedTensorEntry, withTensors, type VitModelFolder } from '../../weights'
import { checkPictures } from './check-pictures'
import { exportMetadata } from './metadata'
import { writeOnnxFile } from './onnx-file'
import { onnxGraph, type OnnxGraphOptions } from './onnx-graph'
import { parityPath } from './parity-path'
import { compareBatch, parityTolerance, passesParity, type ReferenceModel } from './parity'
import { FailedCheck, stageBeside } from './staging'

/** What the written file is tried with. */
export interface OnnxCheck {
  readonly reference: ReferenceModel
  /** Opens a file as anybody would. */
  open(path: string): Promise<Session>
  /** Paths of pictures. */
  readonly pictures: readonly string[]
}

export interface OnnxModelOptions extends OnnxGraphOptions {
  readonly elementsSha256: string
  readonly inlineLimit?: number
  /** Keeps a file that gave other numbers, as the folder `path`.failed. */
  readonly keepFailed?: boolean
  readonly signal: AbortSignal
  readonly onWritten: (bytes: number) => void
  /** Told after each batch of pictures, with how many there are. */
  readonly onChecked: (batches: number) => void
}

export interface WrittenOnnxModel {
  /** Paths, the model's own last. */
  readonly files: readonly string[]
  readonly parity: readonly ParityRow[]
}

/**
 * Writes `path`, its table of differences, and `path`.data where the weights are too large for one file.
 * @throws EngineError RUNTIME when the file does not give the engine's numbers (`detail.parity`, `detail.kept`), DISK; the signal's reason when cancelled
 */
export async function writeOnnxModel(path: string, model: VitModelFolder, check: OnnxCheck, options: OnnxModelOptions): Promise<WrittenOnnxModel> {
  const { signal, size, attention, elementsSha256 } = options
  const { config, preprocessing, name: modelName, weights } = model.manifest
  const name = basename(path)
  const graph = onnxGraph(model, options)
  const complete: OnnxModel = { ...graph, metadata: { ...exportMetadata(embeddedDescription(model.manifest, elementsSha256), usageOf(graph)), ...(await unusedParameters(model, graph)) } }
  const batches = await checkPictures(check.pictures, config.patchSize, size)
  const parity: ParityRow[] = []
  const files = await stageBeside(path, async (folder) => {
    const names = await writeOnnxFile(folder, name, complete, model.weights.path, options)
    const session = await check.open(join(folder, name))
    try {
      for (const batch of batches) {
        signal.throwIfAborted()
        parity.push(...(await compareBatch(session, check.reference, { config, preprocessing, attention }, batch)))
        options.onChecked(batches.length)
      }
    } finally {
      await session.release()
    }
    const report = { file: name, model: { name: modelName, sha256: weights.sha256 }, attention, tolerance: parityTolerance, passed: passesParity(parity, attention), parity }
    const reportName = basename(parityPath(path))
    await saveFile(join(folder, reportName), `${JSON.stringify(report, undefined, 2)}\n`)
    if (!report.passed) throw new FailedCheck(differs(path, parity))
    return [...names.slice(0, -1), reportName, name]
  }, options.keepFailed)
  return { files, parity }
}

function differs(path: string, parity: readonly ParityRow[]): EngineError {
  const [worst] = [...parity].sort((a, b) => Math.max(b.tokens, b.attention) - Math.max(a.tokens, a.attention))
  const what = worst === undefined ? '' : `: by ${worst.tokens.toExponential(1)} in the tokens and ${worst.attention.toExponential(1)} in the attention of ${worst.image} at ${worst.height} × ${worst.width}`
  return new EngineError('RUNTIME', `${path} does not give the engine's numbers within ${parityTolerance}${what}`, { detail: { path, parity } })
}

/** Parameters that inference has no use for, such as the mask token: without them, importing the file would not give the same model. */
async function unusedParameters({ manifest, weights }: VitModelFolder, { graph }: OnnxModel): Promise<Readonly<Record<string, string>>> {
  const used = new Set(graph.initializers.map(({ name }) => name))
  const unused = vitParameters(manifest.config).filter(({ name }) => !used.has(name))
  return withTensors(weights, async (read) => {
    const entries = []
    for (const { name } of unused) entries.push(unusedTensorEntry(name, await read(name)))
    return Object.fromEntries(entries)
  })
}

/** What goes in and what comes out, in words. */
function usageOf({ graph }: OnnxModel): Readonly<Record<string, string>> {
  const list = (values: OnnxModel['graph']['inputs']): string => values.map(({ name, dtype, shape }) => `${name} ${dtype} [${shape.join(', ')}]`).join('; ')
  return {
    inputs: `${list(graph.inputs)}: RGB pictures after preprocessing; edges that are no multiple of the patch size lose the rest on the right and below`,
    outputs: `${list(graph.outputs)}: tokens after the final norm, in the order CLS, registers, patches row by row`,
  }
}
