/** @file Opens a checkpoint for reading: its state, and its tensors one at a time, when they are asked for. */
import { join } from 'node:path'
import { EngineError, messageOf } from '../../contract'
import { readRegularFile } from '../../files'
import { formatShape, type Shape } from '../../tensor'
import { openCheckpoint, type StateDict } from '../../weights'
import { stateFile, tensorsSuffix } from './checkpoint-manifest'
import type { CheckpointInfo } from './find-checkpoint'

/** An opened checkpoint. */
export interface LoadedCheckpoint {
  readonly step: number
  /** As it was given to `saveCheckpoint`. */
  readonly state: unknown
  /** By the stem of their file; each tensor is read from disk when its `read` is called. */
  readonly tensors: ReadonlyMap<string, StateDict>
  close(): Promise<void>
}

/** What a caller can use: for every file the names and shapes of its tensors. */
export type ExpectedTensors = Readonly<Record<string, Iterable<{ readonly name: string; readonly shape: Shape }>>>

const maximumStateBytes = 2 ** 28
/** More differences than these are counted only. */
const shownDifferences = 4

/** The path of a file of tensors. */
export function checkpointFile({ folder }: CheckpointInfo, stem: string): string {
  return join(folder, stem + tensorsSuffix)
}

/**
 * Opens a checkpoint that a search has given. With `expected`, its files must hold exactly those tensors; files that
 * `expected` does not name are not compared. The caller closes it.
 * @throws EngineError CHECKPOINT when it is of another architecture (`detail.differences`), or has vanished since
 */
export async function loadCheckpoint(info: CheckpointInfo, expected?: ExpectedTensors): Promise<LoadedCheckpoint> {
  const opened: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (const one of opened.splice(0)) await one()
  }
  try {
    const tensors = new Map<string, StateDict>()
    for (const { name } of info.manifest.files) {
      if (!name.endsWith(tensorsSuffix)) continue
      const checkpoint = await openCheckpoint(join(info.folder, name))
      opened.push(() => checkpoint.close())
      tensors.set(name.slice(0, -tensorsSuffix.length), checkpoint.groups.get('') ?? new Map())
    }
    if (expected !== undefined) checkArchitecture(info, tensors, expected)
    const state: unknown = JSON.parse((await readRegularFile(join(info.folder, stateFile), maximumStateBytes)).toString('utf8'))
    return { step: info.step, state, tensors, close }
  } catch (error) {
    await close()
    if (error instanceof EngineError && error.code === 'CHECKPOINT') throw error
    throw new EngineError('CHECKPOINT', `The checkpoint in ${info.folder} cannot be read: ${messageOf(error)}`, { detail: { path: info.folder }, cause: error })
  }
}

function checkArchitecture({ folder, step }: CheckpointInfo, tensors: ReadonlyMap<string, StateDict>, expected: ExpectedTensors): void {
  const differences = Object.entries(expected).flatMap(([stem, specs]) => differencesOf(stem, tensors.get(stem), specs))
  if (differences.length === 0) return
  const rest = differences.length - shownDifferences
  throw new EngineError(
    'CHECKPOINT',
    `The checkpoint of step ${step} in ${folder} is of another architecture than the recipe: ${differences.slice(0, shownDifferences).join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`,
    { detail: { path: folder, differences } },
  )
}

function differencesOf(stem: string, found: StateDict | undefined, specs: ExpectedTensors[string]): readonly string[] {
  if (found === undefined) return [`it has no ${stem}`]
  const differences: string[] = []
  const known = new Set<string>()
  for (const { name, shape } of specs) {
    known.add(name)
    const actual = found.get(name)
    if (actual === undefined) differences.push(`${stem} lacks ${name}`)
    else if (formatShape(actual.shape) !== formatShape(shape)) differences.push(`${stem} has ${name} of shape ${formatShape(actual.shape)}, ${formatShape(shape)} was expected`)
  }
  for (const name of found.keys()) if (!known.has(name)) differences.push(`${stem} has ${name}, which was not expected`)
  return differences
}
