/** @file The runs of a workspace as the engine reads and changes them in their folders. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createDiskRunStore, type DiskRunStore } from '../../../../src/engine/host/runs/disk-store'
import { createRunFolder, lockRun, writeRunStatus } from '../../../../src/engine/train'
import { temporaryFolder } from '../../../helpers/folders'
import { summary } from './fakes'

interface Fixture {
  readonly store: DiskRunStore
  readonly problems: string[]
  readonly runsFolder: string
  make(name: string): Promise<string>
}

async function fixture(): Promise<Fixture> {
  const runsFolder = join(await temporaryFolder({ 'runs/broken/run.json': '{"schema":' }), 'runs')
  const problems: string[] = []
  const store = createDiskRunStore(runsFolder, (line) => problems.push(line))
  const make = async (name: string): Promise<string> =>
    (await createRunFolder(runsFolder, { name, root: '/photos', init: undefined, summary, stepsTotal: 40 }, [{ relativePath: 'a.jpg', sizeBytes: 1 }], 'preset: tiny-smoke\n')).description.id
  return { store, problems, runsFolder, make }
}

describe('the run store', () => {
  it('lists what can be read and tells once of what cannot', async () => {
    const { store, problems, make } = await fixture()
    const id = await make('Night 1')
    const [first] = await store.list()
    await store.list()
    expect({ id: first?.info.id, info: [first?.info.name, first?.info.source, first?.info.stepsTotal], elsewhere: first?.trainedElsewhere, problems: problems.map((line) => line.includes('broken') && line.includes('damaged')) }).toEqual({ id, info: ['Night 1', '/photos', 40], elsewhere: false, problems: [true] })
  })

  it.each(['..', '.', '../runs', 'a/b', 'a\\b', '', '.hidden', 'nothing'])('knows no run %j', async (runId) => {
    await expect((await fixture()).store.find(runId)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('tells a run whose trainer is gone from one that another process trains', async () => {
    const { store, runsFolder, make } = await fixture()
    const id = await make('Night 1')
    const folder = join(runsFolder, id)
    await writeRunStatus(folder, { state: 'running', step: 7, stepsTotal: 40, imagesPerSecond: 3, etaMs: 5, warnings: [], skippedImages: 0, updatedAt: new Date().toISOString() })
    const gone = await store.find(id)
    const lock = await lockRun(folder)
    const held = await store.find(id)
    await store.note(id, 'failed', 'not for us to say')
    const after = await store.find(id)
    await expect(store.remove(id)).rejects.toMatchObject({ code: 'BUSY' })
    await lock.release()
    expect([gone.info.state, gone.trainedElsewhere, held.info.state, held.trainedElsewhere, after.info.state]).toEqual(['interrupted', false, 'running', true, 'running'])
  })

  it('writes down how a run ended, and keeps what it had reached', async () => {
    const { store, runsFolder, make } = await fixture()
    const id = await make('Night 1')
    await writeRunStatus(join(runsFolder, id), { state: 'running', step: 7, stepsTotal: 40, imagesPerSecond: 3, etaMs: 5, bestKnn: 0.5, warnings: [], skippedImages: 2, updatedAt: new Date().toISOString() })
    await store.note(id, 'interrupted', 'it ran out of memory')
    const { info } = await store.find(id)
    expect([info.state, info.reason, info.step, info.stepsTotal, info.bestKnn, info.skippedImages, info.imagesPerSecond]).toEqual(['interrupted', 'it ran out of memory', 7, 40, 0.5, 2, undefined])
  })

  it('renames and removes', async () => {
    const { store, runsFolder, make } = await fixture()
    const [first, second] = [await make('Night 1'), await make('Night 2')]
    const renamed = await store.rename(first, 'A better name')
    await store.remove(second)
    expect([renamed.info.name, renamed.info.id === first, await store.recipe(first), (await store.metrics(first, -1)).steps.length, (await readdir(runsFolder)).sort()]).toEqual(['A better name', true, 'preset: tiny-smoke\n', 0, ['broken', first]])
  })
})
