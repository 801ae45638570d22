/** @file The engine as a forked Node process, in the form that the supervisor needs. */
import { fork } from 'node:child_process'
import { childProcessPort, encodeEngineOptions, type EngineOptions, type Frame } from '../../engine/link'
import type { EngineProcess } from '../../shell'

const stopMs = 3000

function exitReason(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal !== null) return `it was ended by ${signal}`
  return code === 0 ? 'it ended' : `it ended with code ${code ?? 'unknown'}`
}

/** Starts the engine. Whatever it prints goes to stderr, since stdout carries results. */
export function forkEngine(modulePath: string, options: EngineOptions): EngineProcess {
  const child = fork(modulePath, [encodeEngineOptions(options)], { serialization: 'advanced', stdio: ['ignore', 2, 2, 'ipc'], execArgv: [] })
  const channel = childProcessPort<Frame, Frame>(child)
  return {
    channel,
    onExit: (listener) => {
      let told = false
      const tell = (reason: string): void => {
        if (told) return
        told = true
        channel.close()
        listener(reason)
      }
      child.once('exit', (code, signal) => {
        tell(exitReason(code, signal))
      })
      child.once('error', (error) => {
        tell(`it could not be started: ${error.message}`)
      })
    },
    stop: () => {
      // It ends when the conversation does; a run of the model that does not return is not waited for.
      channel.close()
      setTimeout(() => child.kill('SIGKILL'), stopMs).unref()
    },
  }
}
