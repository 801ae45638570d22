/** @file Options that several commands share, and the readers of their values. */
import { InvalidArgumentError, Option, type Command } from 'commander'
import type { ProviderName } from '../engine/contract'
import type { SegmentFiles } from './commands/segment'
import type { Architecture } from './commands/train-options'

const providers: readonly ProviderName[] = ['cpu', 'webgpu', 'cuda', 'dml', 'coreml']

/** Reads a whole number within bounds. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN
    if (!(value >= min && value <= max)) throw new InvalidArgumentError(`a whole number from ${min} to ${max} is needed.`)
    return value
  }
}

/** Reads whole numbers within bounds, separated by commas. */
export function wholeNumbers(min: number, max: number): (text: string) => readonly number[] {
  const read = wholeNumber(min, max)
  return (text) => text.split(',').map((part) => read(part.trim()))
}

/** Reads a number from 0 to 1, such as a similarity. */
export function zeroToOne(text: string): number {
  const value = /^\d*\.?\d+$/.test(text) ? Number(text) : NaN
  if (!(value >= 0 && value <= 1)) throw new InvalidArgumentError('a number from 0 to 1 is needed.')
  return value
}

/** Reads `auto` or a number of segments. */
export function countOrAuto(text: string): number | 'auto' {
  return text === 'auto' ? text : wholeNumber(2, 4096)(text)
}

/** Reads a length in metres. */
export function metres(text: string): number {
  const value = /^\d*\.?\d+$/.test(text) ? Number(text) : NaN
  if (!(value > 0 && value <= 1e6)) throw new InvalidArgumentError('a number of metres above 0 is needed.')
  return value
}

const segmentKinds = ['masks', 'coco', 'csv'] as const

/** Reads kinds of files separated by commas. */
export function segmentFiles(text: string): readonly SegmentFiles[] {
  return text.split(',').map((part) => {
    const kind = segmentKinds.find((known) => known === part.trim())
    if (kind === undefined) throw new InvalidArgumentError(`only ${segmentKinds.join(', ')} can be written.`)
    return kind
  })
}

/** Reads `native` or a number of pixels. */
export function pictureSize(text: string): number | 'native' {
  return text === 'native' ? text : wholeNumber(1, 16_384)(text)
}

/** Reads `HEIGHTxWIDTH` in pixels, or one number for a square. */
export function heightByWidth(text: string): readonly [height: number, width: number] {
  const [, height, width = height] = /^(\d{1,5})(?:[x×](\d{1,5}))?$/i.exec(text) ?? []
  if (height === undefined || width === undefined || Number(height) < 1 || Number(width) < 1) throw new InvalidArgumentError('HEIGHTxWIDTH in pixels is needed, such as 224x224.')
  return [Number(height), Number(width)]
}

/** Reads `X,Y` in pixels from the upper left corner. */
export function pixelPlace(text: string): readonly [x: number, y: number] {
  const [, x, y] = /^(\d{1,5}),(\d{1,5})$/.exec(text) ?? []
  if (x === undefined || y === undefined) throw new InvalidArgumentError('X,Y in pixels is needed, such as 120,80.')
  return [Number(x), Number(y)]
}

/** Reads `ti/16`: a size and the edge of a patch. */
export function architecture(text: string): Architecture {
  const [, arch, patch] = /^(ti|s|b|l|g)\/(\d{1,3})$/.exec(text) ?? []
  if (arch === undefined || patch === undefined) throw new InvalidArgumentError('a size (ti, s, b, l, g) and a patch size are needed, like ti/16.')
  return { arch: arch as Architecture['arch'], patchSize: Number(patch) }
}

/** Reads `R,G,B`, one number for each channel. */
export function threeNumbers(text: string): readonly [number, number, number] {
  const [red, green, blue, ...more] = text.split(',').map(Number)
  if (red === undefined || green === undefined || blue === undefined || more.length > 0 || ![red, green, blue].every(Number.isFinite)) throw new InvalidArgumentError('three numbers R,G,B are needed, such as 0.5,0.5,0.5.')
  return [red, green, blue]
}

export function addJson(command: Command): Command {
  return command.option('--json', 'print one JSON object as the last line of stdout')
}

export function addWorkspace(command: Command): Command {
  return command.option('--workspace <dir>', "folder of imported models; by default the app's own, or DINOSCOPE_HOME")
}

/** `--provider` and `--threads`. */
export function addRuntime(command: Command): Command {
  return command
    .addOption(new Option('--provider <name>', 'use this execution provider where it works').choices(providers))
    .option('--threads <n>', 'CPU threads; by default all cores', wholeNumber(1, 1024))
}

/** `--precision`, of commands that run a model. */
export function addPrecision(command: Command): Command {
  return command.addOption(new Option('--precision <numbers>', 'what the model is computed in: int8 on the CPU, fp16 where the provider has it; by default what was chosen in the workspace, else fp32').choices(['fp32', 'fp16', 'int8'] as const))
}

/** `--model`, `--workspace`, `--provider` and `--threads`. */
export function addModel(command: Command): Command {
  return addRuntime(addWorkspace(command.option('--model <model>', 'a bundled model, an imported one, a run (its folder, or run:ID), or the path of anything that can be imported; by default the bundled one')))
}

/** What every evaluation on class folders takes. */
export function addEvaluation(command: Command): Command {
  return addModel(command)
    .addOption(new Option('--pool <kind>', 'which vector of the model').choices(['cls', 'mean', 'cls+mean'] as const).default('cls' as const))
    .option('--limit <n>', 'only the first n pictures of each class', wholeNumber(1, 1_000_000_000))
    .option('--size <n>', 'as for inspect; small pictures such as 32 px ones are best looked at in their own size', pictureSize)
    .addOption(new Option('--features <kind>', 'vectors of the model, or the raw pixels for comparison').choices(['model', 'pixels'] as const).default('model' as const))
}
