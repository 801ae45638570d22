/** @file Which runs an engine trains, written down so that the one after a crash goes on with them. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { messageOf } from '../../contract'
import type { Runs } from './runs'

const schema = z.array(z.string()).max(64)

const fileIn = (workspace: string): string => join(workspace, 'training.json')

/** Written at once, since what is waited for may not come to pass; whether it succeeds is not worth ending a run for. */
export function writeActiveRuns(workspace: string, runIds: readonly string[]): void {
  try {
    if (runIds.length === 0) rmSync(fileIn(workspace), { force: true })
    else writeFileSync(fileIn(workspace), JSON.stringify(runIds))
  } catch {
    return
  }
}

/** What the engine before this one trained when it ended; nothing where it ended properly. */
export function readActiveRuns(workspace: string): readonly string[] {
  try {
    return schema.parse(JSON.parse(readFileSync(fileIn(workspace), 'utf8')))
  } catch {
    return []
  }
}

/** For an engine that takes over from one that crashed. What cannot be gone on with is told and left. */
export function goOnWithActiveRuns(workspace: string, runs: Pick<Runs, 'resume'>): void {
  for (const runId of readActiveRuns(workspace))
    runs.resume(runId).catch((error: unknown) => {
      process.stderr.write(`dinoscope engine: the run ${runId} is not gone on with: ${messageOf(error)}\n`)
    })
}
