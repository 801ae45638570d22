/** @file What every command gets besides its own options, and how its end becomes an exit status. */
import { EngineError, toWire, type JobContext, type Progress } from '../engine/contract'
import { exitCodeOf, exitCodes, type ExitCode } from './exit-codes'
import { createTerminal, type Terminal } from './terminal'

export interface CommandContext extends JobContext<Progress> {
  readonly terminal: Terminal
}

/** What a command returns: done, or done with failures that were told already. */
export type CommandResult = ExitCode

/**
 * Runs one command. The first Ctrl-C cancels its work; a second one ends the process at once.
 * @returns the exit status, after everything has been printed
 */
export async function runCommand(options: { readonly json?: boolean }, work: (context: CommandContext) => Promise<CommandResult>): Promise<ExitCode> {
  const json = options.json === true
  const terminal = createTerminal(json, process.stdout, process.stderr)
  const controller = new AbortController()
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(exitCodes.cancelled)
    controller.abort(new EngineError('CANCELLED', 'cancelled'))
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  try {
    return await work({ terminal, signal: controller.signal, emit: terminal.progress })
  } catch (error) {
    const { code, message, detail } = toWire(error)
    terminal.note(code === 'CANCELLED' ? 'Cancelled.' : `dinoscope: ${message}`)
    if (json) terminal.result({ error: { code, message, detail } }, [])
    return exitCodeOf(error)
  } finally {
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
  }
}
