/** @file Any model, imported, bundled or trained, in any of the forms it can be taken away in. */
import { EngineError, type JobContext, type ModelFormat, type ParityRow, type Progress, type WeightPrecision } from '../../contract'
import { createProgress } from '../../progress'
import { hashElements, requireVit, verifyModelFolder, withTensors, type ModelFolder } from '../../weights'
import type { OnnxGraphOptions } from './onnx-graph'
import { writeOnnxModel, type OnnxCheck } from './onnx-model'
import type { RoundingCheck } from './rounding-check'
import { writeSafetensorsModel } from './safetensors-file'

export interface ModelExportOptions extends OnnxGraphOptions {
  /** Where to; the name is taken as it is. */
  readonly path: string
  readonly format: ModelFormat
  /** Of safetensors alone; undefined keeps every weight as it is stored. */
  readonly precision?: WeightPrecision | undefined
  /** Keeps a file that gave other numbers than the engine, as the folder `path`.failed. */
  readonly keepFailed?: boolean
}

/** What written files are tried with. */
export interface ModelCheck extends OnnxCheck, RoundingCheck {}

export interface ExportedModel {
  /** Paths, the model's own last. */
  readonly files: readonly string[]
  /** Differences from the engine on real pictures; empty where the same weights were read back instead. */
  readonly parity: readonly ParityRow[]
}

/**
 * Writes `model` to `path`: all of it, verified, or nothing. A damaged model is refused first.
 * @param check asked for only where the file has to be run
 * @throws EngineError MODEL_DAMAGED, MODEL_UNSUPPORTED for a graph of another maker, MODEL_TENSOR when a weight is beyond half precision,
 * DISK, BAD_REQUEST when a fixed size holds no patch or a precision is asked for in ONNX, RUNTIME when the written file gives other numbers
 */
export async function exportModel(model: ModelFolder, options: ModelExportOptions, check: () => Promise<ModelCheck>, { signal, emit }: JobContext<Progress>): Promise<ExportedModel> {
  const { path, format, size, attention, keepFailed, precision } = options
  const vit = requireVit(model, 'exported; the file it was imported from is the same')
  const { manifest, weights } = vit
  if (format === 'onnx' && precision !== undefined) throw new EngineError('BAD_REQUEST', 'the weights of an ONNX file are as wide as the model has them; another precision is for safetensors')
  await verifyModelFolder(model, signal)
  const { bytes } = manifest.weights
  if (format === 'safetensors') {
    const progress = countUpTo(bytes, emit)
    const written = await writeSafetensorsModel(path, vit, { precision, signal, onWritten: progress.advance, check })
    progress.finish()
    return written
  }
  const elementsSha256 = await withTensors(weights, (read) => hashElements(manifest.config, read, signal))
  // Checking takes about as long as writing; nothing is known better beforehand.
  const progress = countUpTo(2 * bytes, emit)
  const onChecked = (batches: number): void => {
    progress.advance(Math.floor(bytes / batches))
  }
  const written = await writeOnnxModel(path, vit, await check(), { size, attention, keepFailed, elementsSha256, signal, onChecked, onWritten: progress.advance })
  progress.finish()
  return written
}

/** Progress in bytes that ends at `total` exactly, although the file has a little more or less than the weights. */
function countUpTo(total: number, emit: (progress: Progress) => void): { advance(bytes: number): void; finish(): void } {
  const progress = createProgress('Export model', total, emit)
  let done = 0
  const advance = (bytes: number): void => {
    const counted = Math.min(bytes, total - done)
    done += counted
    progress.advance(counted)
  }
  return {
    advance,
    finish: () => {
      advance(total - done)
      progress.finish()
    },
  }
}
