/** @file What training looks like in a terminal: a line that moves, notes for what happens once, and the card. */
import type { FeasibilityCard, TrainEvent } from '../engine/contract'
import { durationText, type Terminal } from './terminal'

type StepEvent = Extract<TrainEvent, { readonly kind: 'step' }>

/** `step 120/4000 (3 %), loss 5.1234, 3.41 img/s, 2 h 10 min left` */
export function stepText({ metrics, stepsTotal, imagesPerSecond, etaMs }: StepEvent): string {
  const { loss } = metrics.values
  const share = stepsTotal === 0 ? '' : ` (${Math.floor((100 * metrics.step) / stepsTotal)} %)`
  return [
    `step ${metrics.step}/${stepsTotal}${share}`,
    ...(loss === undefined ? [] : [`loss ${loss.toFixed(4)}`]),
    ...(imagesPerSecond === undefined ? [] : [`${imagesPerSecond.toPrecision(3)} img/s`]),
    ...(etaMs === undefined || metrics.step >= stepsTotal ? [] : [`${durationText(etaMs)} left`]),
  ].join(', ')
}

/** Turns the events of a run into lines. */
export function createTrainingLine(terminal: Pick<Terminal, 'note' | 'status'>): { tell(event: TrainEvent): void } {
  return {
    tell: (event) => {
      switch (event.kind) {
        case 'step':
          terminal.status(stepText(event), event.metrics.step >= event.stepsTotal)
          break
        case 'phase':
          if (event.phase !== 'training' && event.note !== '') terminal.status(event.note)
          break
        case 'checkpoint':
          terminal.note(`Checkpoint of step ${event.checkpoint.step}${event.checkpoint.best ? ', the best so far' : ''}.`)
          break
        case 'warning':
          terminal.note(`Step ${event.warning.step}: ${event.warning.message} ${event.warning.advice}`)
          break
        case 'skipped':
          terminal.note(`${event.problem.relativePath}: ${event.problem.code}: ${event.problem.reason}`)
          break
        case 'probe':
          break
      }
    },
  }
}

const gigabytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GB`

/** The card for people. */
export function cardLines(card: FeasibilityCard): readonly string[] {
  const { summary, skipped } = card
  return [
    `${card.images} pictures${skipped.length === 0 ? '' : ` (${skipped.length} cannot be read)`}, ${summary.architecture}, ${((summary.backboneParameters + summary.headParameters) / 1e6).toFixed(1)} M parameters, batch ${card.batch}`,
    `${card.imagesPerSecond.toPrecision(3)} img/s, ${durationText(card.stepMs)} a step, ${card.stepsTotal} steps: ${durationText(card.hours * 3_600_000)}`,
    `memory ${gigabytes(card.peakRssBytes)} of ${gigabytes(card.freeMemoryBytes)} free; three checkpoints need ${gigabytes(3 * card.checkpointBytes)} of ${gigabytes(card.freeDiskBytes)} free`,
    `Verdict: ${card.verdict}.`,
    ...card.advice,
  ]
}
