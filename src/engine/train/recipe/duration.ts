/** @file Lengths of time within a run: in epochs, in steps, or as a share of the run. */
import { z } from 'zod'

/** `10 epochs`, `500 steps` or `5%` of the run. In a file a bare number counts epochs, as in the references. */
export type Duration = `${number} epochs` | `${number} steps` | `${number}%`

/** What turns a duration into steps. */
export interface RunLength {
  readonly stepsTotal: number
  readonly stepsPerEpoch: number
}

export interface DurationParts {
  readonly amount: number
  readonly unit: 'epochs' | 'steps' | '%'
}

const pattern = /^(\d+(?:\.\d+)?)\s*(epochs?|steps?|%)$/

export function durationParts(duration: Duration): DurationParts {
  const [, amount = '', unit = ''] = pattern.exec(duration) ?? []
  return { amount: Number(amount), unit: unit === '%' ? '%' : unit.startsWith('epoch') ? 'epochs' : 'steps' }
}

/** Whole steps, rounded to the nearest. */
export function durationSteps(duration: Duration, { stepsTotal, stepsPerEpoch }: RunLength): number {
  const { amount, unit } = durationParts(duration)
  switch (unit) {
    case 'epochs':
      return Math.round(amount * stepsPerEpoch)
    case 'steps':
      return amount
    case '%':
      return Math.round((stepsTotal * amount) / 100)
  }
}

const expectation = 'must be a number of epochs, or like 10 epochs, 500 steps or 5%'

/** Reads a duration as a file has it and writes it in one form. */
export const durationSchema = z.union([z.number(), z.string()], { error: expectation }).transform((value, context): Duration => {
  const text = typeof value === 'number' ? `${value} epochs` : value.trim()
  const [, amount, unit] = pattern.exec(text) ?? []
  const complain = (message: string): never => {
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  }
  if (amount === undefined || unit === undefined) return complain(expectation)
  const number = Number(amount)
  if (unit === '%') return number <= 100 ? `${number}%` : complain('must be at most 100%')
  if (unit.startsWith('epoch')) return `${number} epochs`
  return Number.isSafeInteger(number) ? `${number} steps` : complain('must be a whole number of steps')
})
