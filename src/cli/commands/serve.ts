/** @file `dinoscope serve`: the app in a browser, until it is told to stop. */
import { spawn } from 'node:child_process'
import { realpath } from 'node:fs/promises'
import { resolve } from 'node:path'
import { EngineError, isEngineError, messageOf } from '../../engine/contract'
import {
  createKeepAwake,
  createSurface,
  defaultWorkspace,
  findAppFolders,
  readPages,
  superviseEngine,
  trainingStopMs,
  watchTraining,
  type EngineProcess,
  type SupervisedEngine,
} from '../../shell'
import type { CommandContext, CommandResult } from '../context'
import { BusyError, exitCodes, UsageError } from '../exit-codes'
import { forkEngine } from '../serve/engine-child'
import { startServer, type RunningServer } from '../serve/server'

export interface ServeOptions {
  readonly port: number
  readonly workspace?: string
  readonly root?: string
  readonly open?: boolean
}

/** The program that opens an address in the person's browser. */
function opener(platform: NodeJS.Platform): readonly [command: string, ...args: string[]] {
  if (platform === 'darwin') return ['open']
  return platform === 'win32' ? ['rundll32', 'url.dll,FileProtocolHandler'] : ['xdg-open']
}

function openBrowser(url: string, note: (line: string) => void): void {
  const [command, ...args] = opener(process.platform)
  const child = spawn(command, [...args, url], { stdio: 'ignore', detached: true })
  child.on('error', (error) => {
    note(`The browser could not be opened (${error.message}); open the link by hand.`)
  })
  child.unref()
}

async function listen(engine: SupervisedEngine<EngineProcess>, renderer: string, port: number): Promise<RunningServer> {
  const surface = createSurface({ pages: await readPages(renderer), engine: engine.client })
  const openEngine = async () => {
    await engine.ready()
    return engine.openPort()
  }
  try {
    return await startServer({ port, surface, openEngine })
  } catch (error) {
    throw isEngineError(error, 'ALREADY_EXISTS') ? new BusyError(error.message) : error
  }
}

async function realRoot(path: string): Promise<string> {
  return realpath(path).catch((error: unknown) => {
    throw new UsageError(`--root cannot be used: ${messageOf(error)}`)
  })
}

/** Settles when the person stops the server or the engine is beyond help. */
function untilStopped(engine: SupervisedEngine<EngineProcess>, { signal, terminal }: CommandContext): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => {
      resolve(exitCodes.done)
    })
    if (signal.aborted) resolve(exitCodes.done)
    engine.onState((state) => {
      if (state.kind === 'restarting') terminal.note(`The engine stopped: ${state.reason}. It is started again in ${state.delayMs / 1000} s.`)
      if (state.kind === 'stopped') reject(state.refusal ?? new EngineError('ENGINE_EXITED', `the engine stopped: ${state.reason}`))
    })
  })
}

/** Serves until Ctrl-C or SIGTERM, then ends the engine as well. */
export async function serve(options: ServeOptions, context: CommandContext): Promise<CommandResult> {
  const { version, resources, renderer, engineModule, trainerModule } = findAppFolders()
  const workspace = resolve(options.workspace ?? defaultWorkspace())
  const root = options.root === undefined ? undefined : await realRoot(options.root)
  const engine = superviseEngine((restarted) => forkEngine(engineModule, { version, resources, workspace, root, trainerModule, restarted }))
  const keepAwake = createKeepAwake({ log: context.terminal.note })
  const watch = watchTraining(engine, (training) => {
    if (training) keepAwake.hold()
    else keepAwake.release()
  })
  const stopped = untilStopped(engine, context)
  stopped.catch(() => undefined)
  try {
    const server = await listen(engine, renderer, options.port)
    try {
      // Not the whole status, which waits for the providers to be tried: the page can be used before.
      await Promise.race([engine.client()['library.samples'](undefined), stopped])
      if (!context.signal.aborted) {
        process.stdout.write(`DinoScope is ready at ${server.url}\n`)
        if (options.open === true) openBrowser(server.openingUrl(), context.terminal.note)
      }
      return await stopped
    } finally {
      await server.close()
    }
  } catch (error) {
    if (error instanceof BusyError) throw error
    const state = engine.state()
    // Whoever asked it hears only that it has ended.
    if (state.kind === 'stopped' && state.refusal !== undefined) throw state.refusal
    throw new EngineError('ENGINE_EXITED', messageOf(error), { cause: error })
  } finally {
    if (watch.hasTrainer()) context.terminal.note('Waiting for the checkpoint of the run that is being trained …')
    await engine.stop(watch.hasTrainer() ? trainingStopMs : undefined)
    keepAwake.release()
  }
}
