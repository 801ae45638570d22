/** @file The page that waits in the morning: what a run learned, written into its folder when it ends. */
import { join } from 'node:path'
import type { FileProblem } from '../../contract'
import { saveFile } from '../../files'
import type { Runtime } from '../../runtime'
import { recipeYaml } from '../recipe'
import { readMetrics, reportFile, runInfo } from '../run'
import { readReportProbes, renderReport } from '../watch'
import type { Setup } from './setup'

/** Writes report.html from what lies in the run's folder. @throws EngineError DISK */
export async function writeMorningReport({ run, recipe, memory }: Setup, runtime: Pick<Runtime, 'provider' | 'threads'>, skipped: readonly FileProblem[]): Promise<void> {
  const html = renderReport({
    folder: run.folder,
    run: await runInfo(run),
    metrics: await readMetrics(run.folder, -1),
    trainedMs: memory.trainedMs,
    writtenAt: new Date().toISOString(),
    device: `${runtime.provider === 'cpu' ? 'CPU' : runtime.provider}, ${runtime.threads} ${runtime.threads === 1 ? 'thread' : 'threads'}`,
    recipe: recipeYaml(recipe),
    probes: await readReportProbes(run.folder),
    skipped,
  })
  await saveFile(join(run.folder, reportFile), html)
}
