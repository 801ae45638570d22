/** @file `dinoscope heads train`: a linear head for depth or classes, on frozen tokens of pictures whose answer is known. */
import { resolve } from 'node:path'
import type { HeadKind } from '../../engine/contract'
import { defaultWorkspace } from '../../shell'
import type { CommandContext, CommandResult } from '../context'
import { exitCodes } from '../exit-codes'
import { withEngineFolder } from '../in-engine'
import type { ModelOptions } from '../models'
import { prepareOutputFolder } from '../output'
import { takeExport } from '../take-export'

export interface TrainHeadOptions extends ModelOptions {
  readonly targets: string
  readonly kind: HeadKind
  readonly name: string
  readonly epochs: number
  readonly validation: number
  readonly seed: number
  /** Folder that an ONNX file of it goes to. */
  readonly out?: string
}

/** Trains a head, measures it on pictures kept out and keeps it in the workspace. */
export async function trainHead(folder: string, options: TrainHeadOptions, context: CommandContext): Promise<CommandResult> {
  const out = options.out === undefined ? undefined : resolve(options.out)
  if (out !== undefined) await prepareOutputFolder(out)
  const workspace = options.workspace ?? defaultWorkspace()
  return withEngineFolder(folder, { ...options, workspace }, context, async ({ client, libraryId, modelId, wait, tell }) => {
    const { kind, name, epochs, validation, seed } = options
    const head = await wait(client['heads.train']({ libraryId, rows: undefined, modelId, kind, name, targets: resolve(options.targets), epochs, validation, seed }, tell))
    const files = out === undefined ? [] : await takeExport(client, await wait(client['heads.export']({ headId: head.headId }, tell)), out, context.signal)
    const metrics = Object.entries(head.training?.metrics ?? {}).map(([metric, value]) => `${metric} ${value.toFixed(4)}`)
    context.terminal.result({ head, files }, [
      `${head.name} is there as ${head.headId}; learned from ${head.training?.pictures ?? 0} pictures`,
      `On ${head.training?.validationPictures ?? 0} pictures kept out: ${metrics.join(', ')}`,
      ...files,
    ])
    return exitCodes.done
  })
}
