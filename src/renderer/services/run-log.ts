/** @file What happened in a run, as one list: its beginning, what it was doing, its checkpoints. Pure. */
import type { RunInfo } from '../../engine/contract'
import type { RunMoment } from '../stores/runs-reducer'
import { formatCount } from './format'
import { runStateText } from './run-text'

export interface RunLogEntry {
  readonly atMs: number
  readonly text: string
  readonly kind: 'begin' | 'phase' | 'checkpoint'
}

/** The newest first. `moments` are the changes seen since the page was opened; the first of them is how it was found. */
export function runLog(run: RunInfo, moments: readonly RunMoment[]): readonly RunLogEntry[] {
  const begin: RunLogEntry = { atMs: Date.parse(run.createdAt), text: 'Begun', kind: 'begin' }
  const phases = moments.map(({ at, step, state, reason }): RunLogEntry => {
    const words = reason === undefined ? runStateText(state) : `${runStateText(state)}: ${reason}`
    return { atMs: Date.parse(at), text: `${words} · step ${formatCount(step)}`, kind: 'phase' }
  })
  const checkpoints = run.checkpoints.map(({ step, best, savedAt }): RunLogEntry => {
    return { atMs: Date.parse(savedAt), text: `Checkpoint at step ${formatCount(step)}${best ? ', the best so far' : ''}`, kind: 'checkpoint' }
  })
  return [begin, ...phases, ...checkpoints].sort((a, b) => b.atMs - a.atMs)
}
