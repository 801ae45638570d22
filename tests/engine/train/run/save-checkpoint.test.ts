import { cp, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { tensor } from '../../../../src/engine/tensor'
import { bestCheckpoint, listCheckpoints, loadCheckpoint, newestCheckpoint, openRunFolder, saveCheckpoint } from '../../../../src/engine/train/run'
import { temporaryFolder } from '../../../helpers/folders'
import { thrownBy } from '../../../helpers/thrown'
import { interceptFs, systemError } from './support/faulty-fs'
import { contentOf, makeRun, readContent, save } from './support/runs'

let restore = (): void => undefined
afterEach(() => {
  restore()
})

const stepsOf = async (folder: string): Promise<readonly number[]> => (await listCheckpoints(folder)).map(({ step }) => step)

test('a checkpoint comes back as it was saved, bit for bit', async () => {
  const run = await makeRun(await temporaryFolder())
  const odd = new Float32Array([NaN, -0, Infinity, 1e-45])
  const state = { step: 7, third: 1 / 3, minusZero: -0, list: [null, true, 'ü\n'], nothing: undefined }
  const lazy = { dtype: 'float32' as const, shape: [4], read: () => Promise.resolve(tensor('float32', [4], odd)) }
  const saved = await saveCheckpoint(run, { step: 7, tensors: { moments: [['a', lazy], ['b', tensor('int64', [1], new BigInt64Array([-5n]))]] }, state })
  const { checkpoint, refused } = await newestCheckpoint(run)
  expect({ checkpoint, refused }).toEqual({ checkpoint: saved, refused: [] })
  const content = await readContent(saved)
  expect(content).toEqual({
    step: 7,
    state: { step: 7, third: 1 / 3, minusZero: -0, list: [null, true, 'ü\n'] },
    tensors: { moments: expect.arrayContaining([['a', tensor('float32', [4], odd)], ['b', tensor('int64', [1], new BigInt64Array([-5n]))]]) },
  })
})

test('the last two and the best are kept, and the newest that was called best is the best', async () => {
  const run = await makeRun(await temporaryFolder())
  for (const step of [10, 20, 30, 40]) await save(run, step, { best: step === 10 })
  expect(await stepsOf(run.folder)).toEqual([10, 30, 40])
  expect((await bestCheckpoint(run)).checkpoint?.step).toBe(10)
  await save(run, 50, { best: true })
  await save(run, 100_000_000)
  expect(await stepsOf(run.folder)).toEqual([50, 100_000_000])
  expect((await bestCheckpoint(run)).checkpoint?.step).toBe(50)
})

test('a step that is saved again is replaced', async () => {
  const run = await makeRun(await temporaryFolder())
  await save(run, 1)
  await saveCheckpoint(run, { ...contentOf(1), state: 'again' })
  const { checkpoint } = await newestCheckpoint(run)
  expect(checkpoint && (await readContent(checkpoint)).state).toBe('again')
  expect(await readdir(join(run.folder, 'checkpoints'))).toEqual(['step-00000001'])
})

test('a state that JSON would change is refused by name before anything is written', async () => {
  const run = await makeRun(await temporaryFolder())
  for (const [value, name] of [[NaN, 'state.a.b'], [new Float32Array(1), 'state.a.b'], [1n, 'state.a.b']] as const)
    expect(await thrownBy(() => saveCheckpoint(run, { step: 1, tensors: {}, state: { a: { b: value } } }))).toMatchObject({ code: 'INTERNAL', message: expect.stringContaining(name) })
  expect(await readdir(run.folder)).not.toContain('checkpoints')
})

test('a cancelled save leaves what was there and nothing else', async () => {
  const run = await makeRun(await temporaryFolder())
  await save(run, 1)
  const controller = new AbortController()
  const cancelling = { dtype: 'float32' as const, shape: [1], read: () => (controller.abort(), Promise.resolve(tensor('float32', [1], new Float32Array(1)))) }
  const content = { step: 2, tensors: { student: [['a', cancelling], ['b', cancelling]] as const }, state: 0 }
  expect(await thrownBy(() => saveCheckpoint(run, content, { signal: controller.signal }))).toMatchObject({ name: 'AbortError' })
  expect(await readdir(join(run.folder, 'checkpoints'))).toEqual(['step-00000001'])
})

test('whichever change of the disk fails, and however, the error says so and a legal checkpoint is the newest', { timeout: 120_000 }, async () => {
  const folder = await temporaryFolder()
  const original = await makeRun(folder)
  await save(original, 1)
  await save(original, 2)
  const codes = ['ENOSPC', 'EIO', 'EACCES', 'EMFILE']
  let failures = 0
  let problems = 0
  for (let failing = 0; ; failing++) {
    const copy = join(folder, `copy-${failing}`)
    await cp(original.folder, copy, { recursive: true })
    const run = await openRunFolder(copy)
    const code = codes[failing % codes.length] ?? ''
    let count = 0
    restore = interceptFs((operation) => {
      if (count++ === failing) throw systemError(code, operation)
    })
    const error = await save(run, 3, { onProblem: () => problems++ }).then(() => undefined, (reason: unknown) => reason)
    restore()
    const { checkpoint, refused } = await newestCheckpoint(run)
    expect(refused).toEqual([])
    if (checkpoint === undefined) expect.fail(`nothing is left after operation ${failing} failed`)
    expect(await readContent(checkpoint)).toEqual(contentOf(checkpoint.step))
    expect((await stepsOf(copy)).length).toBeGreaterThanOrEqual(2)
    if (error !== undefined) {
      failures++
      expect(error).toMatchObject({ code: 'DISK', detail: { code, step: 3 }, message: expect.stringContaining('step 3') })
      expect([2, 3]).toContain(checkpoint.step)
    } else expect(checkpoint.step).toBe(3)
    expect((await readdir(join(copy, 'checkpoints'))).filter((name) => name.includes('partial')).length).toBeLessThanOrEqual(error === undefined ? 1 : 0)
    if (count <= failing) break
  }
  expect(failures).toBeGreaterThan(30)
  // Older ones that cannot be deleted are told, and are no reason to call the new one unsaved.
  expect(problems).toBe(2)
})

test('a disk that is full for good is told with the need and what is free, and nothing is lost', async () => {
  const run = await makeRun(await temporaryFolder())
  await save(run, 1)
  restore = interceptFs((operation) => {
    if (operation === 'handle.write') throw systemError('ENOSPC', 'write')
  })
  const error = await thrownBy(() => save(run, 2))
  expect(error).toMatchObject({
    code: 'DISK',
    message: expect.stringMatching(/^The checkpoint of step 2 needs 0\.1 MB and the disk of .+ has [\d.]+ MB free; the checkpoint of step 1 is untouched\. Free some space, and the run can go on$/),
    detail: { path: run.folder, code: 'ENOSPC', step: 2, neededBytes: expect.any(Number), freeBytes: expect.any(Number) },
  })
  restore()
  expect(await readdir(join(run.folder, 'checkpoints'))).toEqual(['step-00000001'])
  await save(run, 2)
  expect(await stepsOf(run.folder)).toEqual([1, 2])
})

test('more than the disk has free is refused before anything is written', async () => {
  const run = await makeRun(await temporaryFolder())
  const huge = { dtype: 'float32' as const, shape: [2 ** 30, 2 ** 20], read: () => Promise.reject(new Error('must not be read')) }
  const error = await thrownBy(() => saveCheckpoint(run, { step: 1, tensors: { student: [['huge', huge]] }, state: 0 }))
  expect(error).toMatchObject({ code: 'DISK', detail: { code: 'ENOSPC', step: 1 }, message: expect.stringContaining('needs 4953959590 MB') })
  expect(await readdir(join(run.folder, 'checkpoints'))).toEqual([])
})

test('a checkpoint of another architecture is refused with the first differences', async () => {
  const run = await makeRun(await temporaryFolder())
  const info = await save(run, 4)
  const square = [96, 96]
  const fitting = { student: [{ name: 'backbone.norm.weight', shape: square }, { name: 'backbone.norm.bias', shape: square }], teacher: [{ name: 'backbone.norm.weight', shape: square }] }
  await (await loadCheckpoint(info, fitting)).close()
  const other = { student: [{ name: 'backbone.norm.weight', shape: [96] }, { name: 'backbone.cls_token', shape: [1] }], moments: [] }
  expect(await thrownBy(() => loadCheckpoint(info, other))).toMatchObject({
    code: 'CHECKPOINT',
    message: expect.stringContaining('is of another architecture than the recipe: student has backbone.norm.weight of shape [96, 96], [96] was expected; '),
    detail: {
      differences: [
        'student has backbone.norm.weight of shape [96, 96], [96] was expected',
        'student lacks backbone.cls_token',
        'student has backbone.norm.bias, which was not expected',
        'it has no moments',
      ],
    },
  })
})
