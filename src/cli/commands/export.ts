/** @file `dinoscope export`: a model as one file for other programs, checked before it gets its name. */
import { extname, join, resolve, sep } from 'node:path'
import type { ModelFormat, ParityRow, WeightPrecision } from '../../engine/contract'
import { parityTolerance, type AttentionOutput, type PixelSize } from '../../engine/export'
import { copyModelToFolder, exportModelToFile } from '../../engine/host'
import { architectureOf } from '../../engine/weights'
import { findAppFolders } from '../../shell'
import type { CommandContext, CommandResult } from '../context'
import { exitCodes, UsageError } from '../exit-codes'
import { chooseModel } from '../models'
import { prepareOutputFile } from '../output'

export interface ExportOptions {
  readonly to: string
  readonly size?: PixelSize
  readonly attention?: AttentionOutput
  readonly precision?: WeightPrecision
  readonly workspace?: string
  readonly threads?: number
}

/** A folder is named by a separator at the end. */
function formatOf(path: string): ModelFormat | 'folder' {
  if (path.endsWith('/') || path.endsWith(sep)) return 'folder'
  const extension = extname(path).toLowerCase()
  if (extension === '.onnx') return 'onnx'
  if (extension === '.safetensors') return 'safetensors'
  throw new UsageError(`--to must end in .onnx or .safetensors, or in ${sep} for a model folder, not ${JSON.stringify(extension)}`)
}

/** `photo.jpg          224 × 336   tokens 1.2e-6   attention 3.0e-8   cosine 1.0000000` */
function parityLine({ image, height, width, tokens, attention, cosine }: ParityRow): string {
  const difference = (value: number): string => (Number.isNaN(value) ? '–' : value.toExponential(1)).padStart(8)
  return `${image.padEnd(20)} ${`${height} × ${width}`.padStart(11)}   tokens ${difference(tokens)}   attention ${difference(attention)}   cosine ${cosine.toFixed(7)}`
}

/** Exports one model. What is written is opened again and, as ONNX, compared with the engine on the sample photos. */
export async function exportTo(name: string | undefined, options: ExportOptions, context: CommandContext): Promise<CommandResult> {
  const { terminal } = context
  const format = formatOf(options.to)
  if (format !== 'onnx' && (options.size !== undefined || options.attention !== undefined)) throw new UsageError('--size and --attention are for .onnx alone')
  if (format === 'onnx' && options.precision !== undefined) throw new UsageError('--precision is for .safetensors and model folders; an .onnx file keeps its weights as the model has them')
  const path = resolve(options.to)
  if (format !== 'folder') await prepareOutputFile(path, '--to')
  const model = await chooseModel({ model: name, workspace: options.workspace }, context)
  const { manifest } = model
  const facts = { format, model: { id: manifest.id, name: manifest.name, sha256: manifest.weights.sha256, trained: manifest.trained }, architecture: architectureOf(manifest.config) }
  const title = `${manifest.name}, ${facts.architecture}`
  const { precision, threads } = options
  const picturesFolder = join(findAppFolders().resources, 'samples')
  const rounded = (parity: readonly ParityRow[]): string => (parity.length === 0 ? '' : `, weights rounded to half precision and compared with the exact ones on ${parity.length} pictures:`)
  if (format === 'folder') {
    const { files, parity } = await copyModelToFolder(model, { path, precision, picturesFolder, threads }, context.signal)
    terminal.result({ files, ...facts, precision, parity }, [`${title}: copied to ${path}, hash checked${rounded(parity)}`, ...parity.map(parityLine)])
    return exitCodes.done
  }
  const request = { path, format, size: options.size, precision, attention: options.attention ?? 'cls', keepFailed: true, picturesFolder, threads } as const
  const { files, parity } = await exportModelToFile(model, request, context)
  const verified = format === 'onnx' ? `opened again and within ${parityTolerance} of the engine on ${parity.length} pictures:` : `every weight read back${rounded(parity)}`
  terminal.result({ files, ...facts, size: options.size, precision, parity }, [`${title}: ${files.at(-1) ?? path}, ${verified}`, ...parity.map(parityLine)])
  return exitCodes.done
}
