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

/** Back from a checkpoint or a look at the probe pictures to plain training: not worth a line. */
const isReturn = (moment: RunMoment, before: RunMoment | undefined): boolean => moment.reason === undefined && before?.state === moment.state

/** What a running run does now and then, such as looking at pictures: the last time of each is enough. Undefined for what else happens. */
const habit = ({ state, reason }: RunMoment): string | undefined => (state === 'running' ? reason?.replaceAll(/\d+/g, '') : undefined)

/** `Stopped: by you · step 12`; what a running run does speaks for itself: `Looking at the probe pictures · step 12`. */
function momentText({ state, reason, step }: RunMoment): string {
  const at = ` · step ${formatCount(step)}`
  if (reason === undefined) return runStateText(state) + at
  if (state !== 'running') return `${runStateText(state)}: ${reason}${at}`
  return reason.charAt(0).toUpperCase() + reason.slice(1) + (/\bstep \d/.test(reason) ? '' : at)
}

/** The newest first. `moments` are the changes seen since the page was opened; the first of them is how it was found. */
export function runLog(run: RunInfo, moments: readonly RunMoment[]): readonly RunLogEntry[] {
  const begin: RunLogEntry = { atMs: Date.parse(run.createdAt), text: 'Begun', kind: 'begin' }
  const lastOfHabit = new Map(moments.map((moment) => [habit(moment), moment]))
  const isNews = (moment: RunMoment, index: number): boolean => !isReturn(moment, moments[index - 1]) && (habit(moment) === undefined || lastOfHabit.get(habit(moment)) === moment)
  const phases = moments.filter(isNews).map((moment): RunLogEntry => {
    return { atMs: Date.parse(moment.at), text: momentText(moment), kind: 'phase' }
  })
  const checkpoints = run.checkpoints.map(({ step, best, savedAt }): RunLogEntry => {
    return { atMs: Date.parse(savedAt), text: `Checkpoint at step ${formatCount(step)}${best ? ', the best so far' : ''}`, kind: 'checkpoint' }
  })
  return [begin, ...phases, ...checkpoints].sort((a, b) => b.atMs - a.atMs)
}
