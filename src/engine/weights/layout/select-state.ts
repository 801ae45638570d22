/** @file Chooses the state dict of a checkpoint: a plain model's only one, or the teacher or student of a training run. */
import { EngineError } from '../../contract'
import { printable } from '../bytes/printable'
import type { Checkpoint, StateDict } from '../bytes/tensor-source'

export type CheckpointKey = 'teacher' | 'student'

export interface SelectedState {
  readonly state: StateDict
  /** `teacher`, `student`, `model` and the like; undefined when the tensors stood at the top of the file. */
  readonly key: string | undefined
}

/** In order of preference when nobody asks for one. `teacher` is the default of every official evaluation. */
const preferred = ['teacher', '', 'model', 'state_dict', 'model_state_dict', 'student'] as const

/**
 * The state dict under `wanted`, or the preferred one. A run that keeps both networks in one dict (`teacher.backbone…`)
 * is split by that prefix.
 * @throws EngineError MODEL_KEYS when there is none
 */
export function selectState(path: string, { groups }: Checkpoint, wanted: CheckpointKey | undefined): SelectedState {
  const keys: readonly string[] = wanted === undefined ? preferred : [wanted]
  const key = keys.find((name) => groups.has(name))
  const direct = key === undefined ? undefined : groups.get(key)
  const split = splitNetworks(groups, wanted ?? 'teacher')
  if (direct !== undefined && (wanted !== undefined || key === 'teacher' || split === undefined))
    return { state: direct, key: key === '' ? undefined : key }
  if (split !== undefined) return split
  const [only, ...others] = groups
  if (wanted === undefined && only !== undefined && others.length === 0) return { state: only[1], key: only[0] }
  const found = [...groups.keys()].map((name) => (name === '' ? 'tensors at the top' : printable(name))).join(', ') || 'no tensors'
  throw new EngineError('MODEL_KEYS', `${path} has no ${wanted ?? 'state dict that is known'}; found were ${found}`, {
    detail: { path, missing: wanted === undefined ? [] : [wanted], unexpected: [...groups.keys()], wrongShape: [] },
  })
}

/** Source: dinov2/fsdp/__init__.py, which saves the whole training model under `model`. */
function splitNetworks(groups: Checkpoint['groups'], network: CheckpointKey): SelectedState | undefined {
  const all = groups.get('model') ?? groups.get('')
  const prefix = new RegExp(`^(?:module\\.)?${network}\\.`)
  const state = new Map(Array.from(all ?? []).flatMap(([name, source]) => (prefix.test(name) ? [[name.replace(prefix, ''), source] as const] : [])))
  return state.size > 0 ? { state, key: network } : undefined
}
