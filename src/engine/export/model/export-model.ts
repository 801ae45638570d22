/** @file Any model, imported, bundled or trained, in any of the forms it can be taken away in. */
import type { JobContext, ModelFormat, ParityRow, Progress } from '../../contract'
import { createProgress } from '../../progress'
import { hashElements, verifyModelFolder, withTensors, type ModelFolder } from '../../weights'
import type { OnnxGraphOptions } from './onnx-graph'
import { writeOnnxModel, type OnnxCheck } from './onnx-model'
import { writeSafetensorsModel } from './safetensors-file'

export interface ModelExportOptions extends OnnxGraphOptions {
  /** Where to; the name is taken as it is. */
  readonly path: string
  readonly format: ModelFormat
  /** Keeps a file that gave other numbers than the engine, as the folder `path`.failed. */
  readonly keepFailed?: boolean
}

export interface ExportedModel {
  /** Paths, the model's own last. */
  readonly files: readonly string[]
  /** Differences from the engine on real pictures; empty where the weights were read back instead. */
  readonly parity: readonly ParityRow[]
}

/**
 * Writes `model` to `path`: all of it, verified, or nothing. A damaged model is refused first.
 * @param check asked for only where the file has to be run
 * @throws EngineError MODEL_DAMAGED, DISK, BAD_REQUEST when a fixed size holds no patch, RUNTIME when the written file gives other numbers
 */
export async function exportModel(model: ModelFolder, options: ModelExportOptions, check: () => Promise<OnnxCheck>, { signal, emit }: JobContext<Progress>): Promise<ExportedModel> {
  const { path, format, size, attention, keepFailed } = options
  const { manifest, weights } = model
  await verifyModelFolder(model, signal)
  const elementsSha256 = await withTensors(weights, (read) => hashElements(manifest.config, read, signal))
  const { bytes } = manifest.weights
  if (format === 'safetensors') {
    const progress = countUpTo(bytes, emit)
    const files = await writeSafetensorsModel(path, model, { elementsSha256, signal, onWritten: progress.advance })
    progress.finish()
    return { files, parity: [] }
  }
  // Checking takes about as long as writing; nothing is known better beforehand.
  const progress = countUpTo(2 * bytes, emit)
  const onChecked = (batches: number): void => {
    progress.advance(Math.floor(bytes / batches))
  }
  const written = await writeOnnxModel(path, model, await check(), { size, attention, keepFailed, elementsSha256, signal, onChecked, onWritten: progress.advance })
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
