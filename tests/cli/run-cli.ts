/** @file Runs the real `dinoscope` command as a person would. */
import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '..', '..')

export interface CliResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Starts the command. Its workspace is `workspace`, so that no test touches the person's own. */
export function startCli(args: readonly string[], workspace: string): ChildProcess {
  return spawn(process.execPath, [join(root, 'bin', 'dinoscope.mjs'), ...args], { cwd: root, env: { ...process.env, DINOSCOPE_HOME: workspace }, stdio: ['ignore', 'pipe', 'pipe'] })
}

/** What a started command has printed when it ends. `onStderr` sees each piece as it comes. */
export function finished(child: ChildProcess, onStderr: (text: string) => void = () => undefined): Promise<CliResult> {
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
    onStderr(chunk.toString())
  })
  return new Promise((resolve) => {
    child.on('close', (code) => {
      resolve({ code, stdout, stderr })
    })
  })
}

/** Runs the command to its end. */
export function runCli(args: readonly string[], workspace: string): Promise<CliResult> {
  return finished(startCli(args, workspace))
}

/** The JSON object on the last line of stdout. */
export function lastJson({ stdout }: CliResult): Record<string, unknown> {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Record<string, unknown>
}
