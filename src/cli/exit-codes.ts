/** @file What the command's exit status says. */
import { toWire } from '../engine/contract'

export const exitCodes = { done: 0, failed: 1, usage: 2, busy: 75, cancelled: 130 } as const
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** Somebody else has what is needed: a port, a lock. Trying again later may help. */
export class BusyError extends Error {
  override readonly name = 'BusyError'
}

/** The command line asks for something that cannot be. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** What the engine refuses for a reason that the caller can act on. A recipe is part of the command line. */
const byCode: Readonly<Record<string, ExitCode>> = { CANCELLED: exitCodes.cancelled, BUSY: exitCodes.busy, RECIPE: exitCodes.usage }

/** The exit status for anything that was thrown. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof BusyError) return exitCodes.busy
  if (error instanceof UsageError) return exitCodes.usage
  return byCode[toWire(error).code] ?? exitCodes.failed
}
