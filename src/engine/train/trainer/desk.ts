/** @file Where a run tells what it does: status for those who look, events for those who listen, a log for those who ask later. */
import type { FileProblem, RunState, StepMetrics, TrainEvent, TrainWarning } from '../../contract'
import { maximumWarnings, type RunStatus, type StatusWriter, type TrainLog } from '../run'

export type Phase = Extract<TrainEvent, { readonly kind: 'phase' }>['phase']

/** A step's numbers with how fast the run is. */
export interface StepNews {
  readonly metrics: StepMetrics
  readonly imagesPerSecond: number | undefined
  readonly etaMs: number | undefined
}

export interface Desk {
  /** How many steps are done, and how many there will be. */
  begin(step: number, total: number): void
  phase(phase: Phase, note: string): void
  /** How far a long preparation is; for those who look and listen, not for the log. */
  progress(note: string): void
  tell(news: StepNews): void
  /** Steps done, as last told. */
  step(): number
  checkpoint(step: number, best: boolean): void
  probe(step: number): void
  warn(warning: TrainWarning): void
  /** A picture that cannot be read; told once, though a run that goes back meets it again. */
  skipped(problem: FileProblem): void
  bestKnn(value: number): void
  note(line: string): void
  /** Pictures left out in this session. */
  skippedPictures(): readonly FileProblem[]
  /** The last word, on disk when it answers. */
  end(state: RunState, reason: string | undefined): Promise<void>
}

const stateOfPhase: Readonly<Record<Phase, RunState>> = {
  preparing: 'starting',
  training: 'running',
  evaluating: 'running',
  checkpointing: 'running',
  paused: 'paused',
  stopping: 'stopping',
}

/** @param before what the run said of itself last */
export function createDesk(writer: StatusWriter, log: TrainLog, emit: (event: TrainEvent) => void, before: RunStatus): Desk {
  let status = before
  const skipped = new Map<string, FileProblem>()
  const change = (changes: Partial<RunStatus>): void => {
    status = { ...status, ...changes, updatedAt: new Date().toISOString() }
    writer.update(status)
  }
  return {
    begin: (step, stepsTotal) => {
      change({ step, stepsTotal })
    },
    phase: (phase, note) => {
      if (phase !== 'training') log.write(`${phase}: ${note}`)
      change({ state: stateOfPhase[phase], reason: phase === 'training' ? undefined : note })
      emit({ kind: 'phase', phase, note })
    },
    progress: (note) => {
      change({ reason: note })
      emit({ kind: 'phase', phase: 'preparing', note })
    },
    step: () => status.step,
    tell: ({ metrics, imagesPerSecond, etaMs }) => {
      change({ step: metrics.step, latest: metrics, imagesPerSecond, etaMs })
      emit({ kind: 'step', metrics, stepsTotal: status.stepsTotal, imagesPerSecond, etaMs })
    },
    checkpoint: (step, best) => {
      log.write(`checkpoint of step ${step}${best ? ', the best so far' : ''}`)
      emit({ kind: 'checkpoint', checkpoint: { step, best, savedAt: new Date().toISOString() } })
    },
    probe: (step) => {
      emit({ kind: 'probe', step })
    },
    warn: (warning) => {
      log.write(`warning at step ${warning.step}: ${warning.message} ${warning.advice}`)
      change({ warnings: [...status.warnings, warning].slice(-maximumWarnings) })
      emit({ kind: 'warning', warning })
    },
    skipped: (problem) => {
      if (skipped.has(problem.relativePath)) return
      skipped.set(problem.relativePath, problem)
      log.write(`left out ${problem.relativePath}: ${problem.reason}`)
      // A run that was resumed meets the same ones again.
      change({ skippedImages: Math.max(status.skippedImages, skipped.size) })
      emit({ kind: 'skipped', problem })
    },
    bestKnn: (value) => {
      change({ bestKnn: value })
    },
    note: (line) => {
      log.write(line)
    },
    skippedPictures: () => [...skipped.values()],
    end: async (state, reason) => {
      log.write(`${state}${reason === undefined ? '' : `: ${reason}`}`)
      change({ state, reason, etaMs: undefined })
      await writer.flush()
    },
  }
}
