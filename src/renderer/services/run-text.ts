/** @file A run in words: its state, how far it is, and what may be asked of it. Pure. */
import type { FeasibilityCard, ModelInfo, RunInfo, RunState } from '../../engine/contract'
import { formatCount, formatDuration, formatRate, formatTimeLeft } from './format'

export type Tone = 'accent' | 'warn' | 'danger' | 'plain'

const stateTexts: Readonly<Record<RunState, string>> = {
  starting: 'Starting',
  running: 'Running',
  paused: 'Paused',
  stopping: 'Stopping',
  stopped: 'Stopped',
  interrupted: 'Interrupted',
  finished: 'Finished',
  failed: 'Failed',
}
const stateTones: Readonly<Record<RunState, Tone>> = {
  starting: 'accent',
  running: 'accent',
  paused: 'warn',
  stopping: 'warn',
  stopped: 'plain',
  interrupted: 'warn',
  finished: 'plain',
  failed: 'danger',
}

export function runStateText(state: RunState): string {
  return stateTexts[state]
}

export function runStateTone(state: RunState): Tone {
  return stateTones[state]
}

/** Whether a process works on it. */
export function isLive({ state }: RunInfo): boolean {
  return state === 'starting' || state === 'running' || state === 'paused' || state === 'stopping'
}

/** Whether it can go on from its newest checkpoint. */
export function canResume(run: RunInfo): boolean {
  return run.state === 'stopped' || run.state === 'interrupted' || (run.state === 'failed' && run.checkpoints.length > 0)
}

/** Whether there are weights to look through or to begin another run with. */
export function hasWeights(run: RunInfo): boolean {
  return run.checkpoints.length > 0
}

/** The model that a run began with; of one from scratch, whose first weights are not kept, the bundled one stands for it. */
export function startModel({ init }: RunInfo, models: readonly ModelInfo[]): ModelInfo | undefined {
  return models.find(({ name }) => name === init) ?? models.find(({ origin }) => origin === 'bundled')
}

/** What its teacher is compared with, as an action. */
export function compareLabel({ init }: RunInfo): string {
  return init === undefined ? 'Compare with the bundled model' : 'Compare with where it started'
}

/** Share of the steps that are done, 0..1. */
export function runShare({ step, stepsTotal }: RunInfo): number {
  return stepsTotal === 0 ? 0 : Math.min(1, step / stepsTotal)
}

/** `step 1,200 of 40,000`. */
export function stepText({ step, stepsTotal }: RunInfo): string {
  return stepsTotal > 0 ? `step ${formatCount(step)} of ${formatCount(stepsTotal)}` : `step ${formatCount(step)}`
}

/** `12.3 img/s · 2 h 5 min left`, with what is not known left out; nothing of a run that does not work. */
export function paceText(run: RunInfo): string {
  if (!isLive(run)) return ''
  const rate = run.state === 'running' && run.imagesPerSecond !== undefined ? `${formatRate(run.imagesPerSecond)} img/s` : ''
  const left = run.state === 'running' && run.etaMs !== undefined ? `${formatTimeLeft(run.etaMs)} left` : ''
  return [rate, left].filter(Boolean).join(' · ')
}

const verdictTexts: Readonly<Record<FeasibilityCard['verdict'], string>> = {
  good: 'Worth a night',
  doubtful: 'Doubtful',
  poor: 'Little to hope for',
}

export function verdictText(verdict: FeasibilityCard['verdict']): string {
  return verdictTexts[verdict]
}

/** Hours as people say them: `12 min`, `7 h 30 min`, `3 days`. */
export function formatHours(hours: number): string {
  if (hours < 48) return formatDuration(Math.max(1000, Math.round(hours * 60) < 1 ? hours * 3_600_000 : Math.round(hours * 60) * 60_000))
  return `${formatRate(hours / 24)} days`
}
