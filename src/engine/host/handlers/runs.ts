/** @file Requests about runs: what they are, how they stand, what is to become of them. */
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EngineError, type EngineContract, type Handlers, type ModelInfo, type ProbeFrame } from '../../contract'
import { listProbes, reportFile } from '../../train'
import type { EngineState } from '../engine-state'
import { teacherModel } from '../runs/teacher-model'

type RunRequests = Extract<keyof EngineContract, `runs.${string}`>

type RunState = Pick<EngineState, 'options' | 'models' | 'exports' | 'runs' | 'runStore' | 'probePictures'>

/** The name under which the browser saves a report; the id of a copied folder may be anything. */
const reportName = (runId: string): string => `report-${runId.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 80)}.html`

async function probeFrames({ runStore, probePictures }: RunState, runId: string): Promise<readonly ProbeFrame[]> {
  const { folder } = await runStore.open(runId)
  const frames = await listProbes(folder)
  return frames.map(({ step, pictures }) => ({
    step,
    pictures: pictures.map(({ name, photo, attention, pca }) => ({ name, photoId: probePictures.idOf(photo), attentionId: probePictures.idOf(attention), pcaId: probePictures.idOf(pca) })),
  }))
}

async function exportReport({ runs, runStore, exports }: RunState, runId: string): Promise<{ readonly exportId: string; readonly name: string }> {
  const { folder, description } = await runStore.open(runId)
  const { hasReport } = await runs.info(runId)
  if (!hasReport) throw new EngineError('NOT_FOUND', `${JSON.stringify(description.name)} has no report yet; it is written when the run ends`, { detail: { runId } })
  const name = reportName(runId)
  const { exportId } = await exports.create((target) => copyFile(join(folder, reportFile), join(target, name)))
  return { exportId, name }
}

/** Makes a model of the teacher once, also for two requests at a time. */
function createTeachers({ options, models, runStore }: RunState): (runId: string, checkpoint: 'newest' | 'best') => Promise<ModelInfo> {
  const place = { modelsFolder: join(options.workspace, 'models'), bundledFolder: join(options.resources, 'models') }
  const context = { signal: new AbortController().signal, emit: () => undefined }
  let last: Promise<unknown> = Promise.resolve()
  return (runId, checkpoint) => {
    const made = last.then(async () => {
      const { folder } = await teacherModel(await runStore.open(runId), checkpoint, place, context)
      return models.describe(folder)
    })
    last = made.catch(() => undefined)
    return made
  }
}

/** `runs.*` */
export function runHandlers(state: RunState): Pick<Handlers<EngineContract>, Exclude<RunRequests, 'runs.changed'>> {
  const { runs, runStore } = state
  const teacher = createTeachers(state)
  return {
    'runs.list': () => runs.list(),
    'runs.recipe': async ({ runId }) => ({ yaml: await runStore.recipe(runId) }),
    'runs.metrics': ({ runId, afterStep }) => runStore.metrics(runId, afterStep),
    'runs.probes': ({ runId }) => probeFrames(state, runId),
    'runs.resume': ({ runId }) => runs.resume(runId),
    'runs.pause': ({ runId, paused }) => runs.pause(runId, paused),
    'runs.stop': ({ runId }) => runs.stop(runId),
    'runs.finishBy': ({ runId, at }) => runs.finishBy(runId, at),
    'runs.rename': ({ runId, name }) => runs.rename(runId, name),
    'runs.delete': async ({ runId }) => {
      await runs.remove(runId)
      return undefined
    },
    'runs.report': ({ runId }) => exportReport(state, runId),
    'runs.teacher': ({ runId, checkpoint }) => teacher(runId, checkpoint),
  }
}
