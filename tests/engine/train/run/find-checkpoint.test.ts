import { cp, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { randomStream } from '../../../../src/engine/tensor'
import { bestCheckpoint, lockRun, newestCheckpoint } from '../../../../src/engine/train/run'
import { temporaryFolder } from '../../../helpers/folders'
import { thrownBy } from '../../../helpers/thrown'
import { contentOf, makeRun, readContent, save } from './support/runs'

async function changeFile(path: string, change: (bytes: Buffer) => Buffer): Promise<void> {
  await writeFile(path, change(await readFile(path)))
}

const flipBit = (bit: number) => (bytes: Buffer): Buffer => {
  bytes[bit >> 3]! ^= 1 << (bit & 7)
  return bytes
}

test('a run without checkpoints has none', async () => {
  const run = await makeRun(await temporaryFolder())
  expect(await newestCheckpoint(run)).toEqual({ checkpoint: undefined, refused: [] })
  expect(await bestCheckpoint(run)).toEqual({ checkpoint: undefined, refused: [] })
})

test('the step decides which is the newest, not the time', async () => {
  const run = await makeRun(await temporaryFolder())
  const newer = await save(run, 12)
  const older = await save(run, 9)
  await utimes(newer.folder, 1, 1)
  expect((await newestCheckpoint(run)).checkpoint?.step).toBe(12)
  expect(Date.parse(older.savedAt)).toBeGreaterThanOrEqual(Date.parse(newer.savedAt))
})

test.each([
  ['cut short', 'student.safetensors', (path: string) => truncate(path, 100)],
  ['empty', 'state.json', (path: string) => truncate(path, 0)],
  ['filled with zeros', 'teacher.safetensors', (path: string) => changeFile(path, (bytes) => bytes.fill(0))],
  ['missing', 'student.safetensors', (path: string) => rm(path)],
  ['cut short', 'manifest.json', (path: string) => truncate(path, 40)],
  ['filled with zeros', 'manifest.json', (path: string) => changeFile(path, (bytes) => bytes.fill(0))],
])('a newest checkpoint with a file %s (%s) is set aside, the one before is used, nothing is deleted', async (_how, file, damage) => {
  const run = await makeRun(await temporaryFolder())
  await save(run, 1)
  const newest = await save(run, 2)
  await damage(join(newest.folder, file))
  const refused = [{ step: 2, folder: newest.folder, kind: 'damaged', reason: expect.stringContaining(file) }]
  const looked = await newestCheckpoint(run)
  expect({ step: looked.checkpoint?.step, refused: looked.refused }).toEqual({ step: 1, refused })
  expect(await readdir(join(run.folder, 'checkpoints'))).toEqual(['step-00000001', 'step-00000002'])

  const lock = await lockRun(run.folder)
  const found = await newestCheckpoint(run, { lock })
  expect(found.checkpoint && (await readContent(found.checkpoint))).toEqual(contentOf(1))
  expect(await readdir(join(run.folder, 'checkpoints'))).toEqual(['step-00000001', 'step-00000002.corrupt'])
  expect(await newestCheckpoint(run, { lock })).toEqual({ checkpoint: found.checkpoint, refused: [] })
})

test('one flipped bit at any of 100 places is noticed', async () => {
  const run = await makeRun(await temporaryFolder())
  await save(run, 1)
  const { folder } = await save(run, 2)
  const random = randomStream(3)
  const files = ['manifest.json', 'state.json', 'student.safetensors', 'teacher.safetensors']
  const unnoticed: string[] = []
  for (let flip = 0; flip < 100; flip++) {
    const path = join(folder, files[flip % files.length] ?? '')
    const bytes = await readFile(path)
    const bit = Math.floor(8 * bytes.length * random.uniform())
    await changeFile(path, flipBit(bit))
    const step = (await newestCheckpoint(run)).checkpoint?.step
    if (step !== 1) unnoticed.push(`${path} bit ${bit}`)
    await writeFile(path, bytes)
  }
  expect(unnoticed).toEqual([])
  expect((await newestCheckpoint(run)).checkpoint?.step).toBe(2)
})

test('a checkpoint of another run, or of a newer program, is refused with the reason and left where it lies', async () => {
  const folder = await temporaryFolder()
  const run = await makeRun(folder)
  const other = await makeRun(folder, 'preset: other\n')
  await save(run, 1)
  const foreign = await save(other, 5)
  await cp(foreign.folder, join(run.folder, 'checkpoints/step-00000005'), { recursive: true })
  const newer = await save(run, 7)
  await changeFile(join(newer.folder, 'manifest.json'), (bytes) => Buffer.from(bytes.toString().replace('"schema": 1', '"schema": 2')))
  const lock = await lockRun(run.folder)
  const { checkpoint, refused } = await newestCheckpoint(run, { lock })
  expect(checkpoint?.step).toBe(1)
  expect(refused.map(({ step, kind, reason }) => [step, kind, reason])).toEqual([
    [7, 'foreign', expect.stringContaining('was written by a newer DinoScope (its schema is 2, this one reads 1)')],
    [5, 'foreign', 'it was saved by a run with another recipe'],
  ])
  expect((await readdir(join(run.folder, 'checkpoints'))).sort()).toEqual(['step-00000001', 'step-00000005', 'step-00000007'])
})

test('checkpoints of which none can be read are an error, this time and every time, and stay as they are', async () => {
  const run = await makeRun(await temporaryFolder())
  for (const step of [1, 2]) await truncate(join((await save(run, step)).folder, 'state.json'), 1)
  const lock = await lockRun(run.folder)
  for (let time = 0; time < 2; time++)
    expect(await thrownBy(() => newestCheckpoint(run, { lock }))).toMatchObject({
      code: 'CHECKPOINT',
      message: expect.stringMatching(/^None of the 2 checkpoints in .+ can be read \(step 2: state\.json has 1 bytes; \d+ were written; step 1: .+\)\. Nothing was changed$/),
    })
  expect(await readdir(join(run.folder, 'checkpoints'))).toEqual(['step-00000001', 'step-00000002'])
})

test('a run whose only checkpoint was set aside does not begin anew', async () => {
  const run = await makeRun(await temporaryFolder())
  const { folder } = await save(run, 1)
  await cp(folder, `${folder}.corrupt`, { recursive: true })
  await rm(folder, { recursive: true })
  expect(await thrownBy(() => newestCheckpoint(run))).toMatchObject({ code: 'CHECKPOINT', message: expect.stringContaining('step-00000001.corrupt: found damaged before') })
})

test('a damaged best checkpoint is not given out', async () => {
  const run = await makeRun(await temporaryFolder())
  const best = await save(run, 1, { best: true })
  await save(run, 2)
  await truncate(join(best.folder, 'teacher.safetensors'), 9)
  expect(await bestCheckpoint(run)).toEqual({
    checkpoint: undefined,
    refused: [{ step: 1, folder: best.folder, kind: 'damaged', reason: expect.stringContaining('teacher.safetensors has 9 bytes') }],
  })
})
