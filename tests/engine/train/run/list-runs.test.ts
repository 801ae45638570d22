import { cp, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { RunState } from '../../../../src/engine/contract'
import { listRunFolders, lockRun, runInfo, writeRunStatus, type RunStatus } from '../../../../src/engine/train/run'
import { temporaryFolder } from '../../../helpers/folders'
import { makeRun, save, summary } from './support/runs'

const status: RunStatus = { state: 'running', step: 3, stepsTotal: 9, warnings: [], skippedImages: 1, updatedAt: '2026-01-02T03:04:05.000Z' }

test('runs are listed newest first; what is damaged is told, what is unfinished or a file is passed over', async () => {
  const folder = await temporaryFolder()
  const runs = join(folder, 'runs')
  const first = await makeRun(folder)
  await expect.poll(() => new Date().toISOString()).not.toBe(first.description.createdAt)
  const second = await makeRun(folder)
  await cp(first.folder, join(runs, 'copy of it'), { recursive: true })
  await mkdir(join(runs, '.x.ab.dinoscope-partial'))
  await mkdir(join(runs, 'no run'))
  await cp(first.folder, join(runs, 'broken'), { recursive: true })
  await writeFile(join(runs, 'broken/run.json'), '')
  await writeFile(join(runs, 'file'), '')
  const listing = await listRunFolders(runs)
  expect(listing.runs.map(({ description }) => description.id)).toEqual([second.description.id, ...[first.description.id, 'copy of it'].sort((a, b) => a.localeCompare(b, 'en'))])
  expect([...listing.problems].sort((a, b) => a.relativePath.localeCompare(b.relativePath, 'en'))).toEqual([
    { relativePath: 'broken', code: 'CHECKPOINT', reason: expect.stringContaining('run.json is damaged') },
    { relativePath: 'no run', code: 'NOT_FOUND', reason: expect.stringContaining('is not a run') },
  ])
  expect(await listRunFolders(join(folder, 'missing'))).toEqual({ runs: [], problems: [] })
})

test('a run is shown from its folder alone', async () => {
  const run = await makeRun(await temporaryFolder())
  const first = await save(run, 1, { best: true })
  const second = await save(run, 2)
  await writeFile(join(run.folder, 'report.html'), 'hello')
  const latest = { step: 2, values: { loss: NaN, lr: 1e-4 } }
  await writeRunStatus(run.folder, { ...status, state: 'finished', imagesPerSecond: 3.5, etaMs: Infinity, latest, bestKnn: 0.31 })
  const info = await runInfo(run)
  expect(info).toEqual({
    id: run.description.id,
    name: 'Test run',
    state: 'finished',
    reason: undefined,
    createdAt: run.description.createdAt,
    updatedAt: status.updatedAt,
    summary,
    source: '/photos',
    images: 2,
    init: undefined,
    step: 3,
    stepsTotal: 9,
    imagesPerSecond: 3.5,
    etaMs: undefined,
    latest,
    bestKnn: 0.31,
    checkpoints: [
      { step: 1, best: true, savedAt: first.savedAt },
      { step: 2, best: false, savedAt: second.savedAt },
    ],
    warnings: [],
    skippedImages: 1,
    hasReport: true,
    sizeBytes: expect.any(Number),
  })
  await writeFile(join(run.folder, 'report.html'), 'hello, world')
  expect((await runInfo(run)).sizeBytes).toBe(info.sizeBytes + 7)
  expect((await runInfo(run, 5)).sizeBytes).toBe(5)
})

test('a run that says it works and has no living trainer is interrupted, and keeps its last numbers', async () => {
  const run = await makeRun(await temporaryFolder())
  const stateOf = async (state: RunState, changes: Partial<RunStatus> = {}): Promise<RunState> => {
    await writeRunStatus(run.folder, { ...status, state, ...changes })
    return (await runInfo(run)).state
  }
  const working: readonly RunState[] = ['starting', 'running', 'paused', 'stopping']
  const ended: readonly RunState[] = ['stopped', 'interrupted', 'finished', 'failed']
  for (const state of working) expect(await stateOf(state)).toBe('interrupted')
  for (const state of ended) expect(await stateOf(state)).toBe(state)
  // A trainer needs a moment before it holds the lock.
  expect(await stateOf('starting', { updatedAt: new Date().toISOString() })).toBe('starting')
  await stateOf('running', { imagesPerSecond: 5, reason: 'evaluating' })
  expect(await runInfo(run)).toMatchObject({ state: 'interrupted', step: 3, stepsTotal: 9, imagesPerSecond: undefined, reason: 'The training ended without being asked to' })
  const lock = await lockRun(run.folder)
  for (const state of [...working, ...ended]) expect(await stateOf(state)).toBe(state)
  await lock.release()
})

test('a run without a readable status is shown by its newest checkpoint', async () => {
  const run = await makeRun(await temporaryFolder())
  await save(run, 4)
  await writeFile(join(run.folder, 'status.json'), Buffer.alloc(100))
  expect(await runInfo(run)).toMatchObject({ state: 'interrupted', step: 4, reason: expect.stringContaining('status.json is damaged') })
  await rm(join(run.folder, 'status.json'))
  expect(await runInfo(run)).toMatchObject({ state: 'interrupted', step: 4, reason: undefined })
})
