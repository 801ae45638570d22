/** @file Keeps the computer from going to sleep while a run trains, with what each system has for it. */
import { spawn, type ChildProcess } from 'node:child_process'

export interface KeepAwake {
  /** Idempotent. */
  hold(): void
  release(): void
}

/** A program that keeps the computer awake for as long as it runs. Each ends by itself when this process dies. */
interface Guard {
  readonly command: string
  readonly args: readonly string[]
}

// 0x80000001 is ES_CONTINUOUS | ES_SYSTEM_REQUIRED: the screen may go dark. Source: SetThreadExecutionState, winbase.h
const windowsScript = [
  `$kernel = Add-Type -PassThru -Name Power -Namespace DinoScope -MemberDefinition '[DllImport("kernel32.dll")] public static extern uint SetThreadExecutionState(uint flags);'`,
  `if ($kernel::SetThreadExecutionState([uint32]'0x80000001') -eq 0) { exit 1 }`,
  // Returns when this process lets go of the pipe or is gone.
  `[void][Console]::In.ReadToEnd()`,
].join('; ')

/** What keeps each system awake; undefined where nothing is known. */
export function guardFor(platform: NodeJS.Platform, pid: number): Guard | undefined {
  switch (platform) {
    case 'linux':
      // `cat` ends when this process lets go of its pipe, however it dies.
      return { command: 'systemd-inhibit', args: ['--what=idle:sleep', '--who=DinoScope', '--why=A backbone is being trained', '--mode=block', 'cat'] }
    case 'darwin':
      return { command: 'caffeinate', args: ['-i', '-w', String(pid)] }
    case 'win32':
      return { command: 'powershell.exe', args: ['-NoProfile', '-NonInteractive', '-Command', windowsScript] }
    default:
      return undefined
  }
}

export interface KeepAwakeOptions {
  readonly platform?: NodeJS.Platform
  readonly start?: (command: string, args: readonly string[]) => ChildProcess
  /** One line, once, where the computer cannot be kept awake. */
  readonly log: (line: string) => void
}

const startGuard = (command: string, args: readonly string[]): ChildProcess => spawn(command, args, { stdio: ['pipe', 'ignore', 'ignore'], windowsHide: true })

/** Holds while asked to. Where the system has nothing for it, it says so once and does nothing. */
export function createKeepAwake({ platform = process.platform, start = startGuard, log }: KeepAwakeOptions): KeepAwake {
  const guard = guardFor(platform, process.pid)
  let child: ChildProcess | undefined
  let given = false
  const giveUp = (reason: string): void => {
    child = undefined
    if (!given) log(`The computer is not kept awake while a run trains (${reason}); see that it does not go to sleep by itself.`)
    given = true
  }
  return {
    hold: () => {
      if (child !== undefined || given) return
      if (guard === undefined) {
        giveUp(`nothing is known for ${platform}`)
        return
      }
      const started = start(guard.command, guard.args)
      child = started
      started.once('error', (error) => {
        giveUp(`${guard.command}: ${error.message}`)
      })
      started.once('exit', (code) => {
        if (child === started) giveUp(`${guard.command} ended with code ${code ?? 'unknown'}`)
      })
      // Neither it nor its pipe keeps this process alive, and a pipe that breaks is no news.
      started.unref()
      started.stdin?.on('error', () => undefined)
    },
    release: () => {
      const held = child
      child = undefined
      held?.stdin?.end()
      held?.kill()
    },
  }
}
