import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { lockHolder, lockRun, requireUnlocked, type RunLock } from '../../../../src/engine/train/run'
import { processIdentity } from '../../../../src/engine/files'
import { temporaryFolder } from '../../../helpers/folders'
import { thrownBy } from '../../../helpers/thrown'
import { interceptFs, systemError } from './support/faulty-fs'
import { makeRun, save } from './support/runs'

async function leaveLock(folder: string, record: unknown): Promise<void> {
  await writeFile(join(folder, 'lock'), typeof record === 'string' ? record : JSON.stringify(record))
}

const mine = { pid: process.pid, host: hostname(), since: '2026-01-02T03:04:05.000Z', token: 'old' }

test('a second trainer is refused and told who holds the run; released, it is free', async () => {
  const { folder } = await makeRun(await temporaryFolder())
  const lock = await lockRun(folder)
  const holder = await lockHolder(folder)
  expect(holder).toEqual({ pid: process.pid, host: hostname(), since: expect.any(String) })
  const busy = { code: 'BUSY', message: `The run in ${folder} is in use by process ${process.pid} on ${hostname()} since ${holder?.since ?? ''}`, detail: { path: folder, ...holder } }
  expect(await thrownBy(() => lockRun(folder))).toMatchObject(busy)
  expect(await thrownBy(() => requireUnlocked(folder))).toMatchObject(busy)
  await lock.release()
  expect(await lockHolder(folder)).toBeUndefined()
  await (await lockRun(folder)).release()
  expect((await readdir(folder)).filter((name) => name.includes('lock'))).toEqual([])
})

test.runIf(process.platform === 'linux')('the lock of a process that has ended, is a zombie or whose id another one has now is taken over', async () => {
  const { folder } = await makeRun(await temporaryFolder())
  const ended = spawn('true')
  await once(ended, 'close')
  // The shell becomes a sleep, which never asks what became of its child.
  const parent = spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 30'], { stdio: ['ignore', 'pipe', 'ignore'] })
  onTestFinished(() => void parent.kill('SIGKILL'))
  const [line] = (await once(parent.stdout, 'data')) as [Buffer]
  const zombie = Number(line.toString())
  await expect.poll(() => processIdentity(zombie)).toBe('ended')
  const stale = [{ ...mine, pid: ended.pid }, { ...mine, pid: zombie }, { ...mine, identity: 'another boot 1234' }, '', '{"pid":']
  for (const record of stale) {
    await leaveLock(folder, record)
    expect(await lockHolder(folder)).toBeUndefined()
    await (await lockRun(folder)).release()
  }
})

test('a lock without a start time is believed while its process runs, and one of another computer always', async () => {
  const { folder } = await makeRun(await temporaryFolder())
  await leaveLock(folder, mine)
  expect(await thrownBy(() => lockRun(folder))).toMatchObject({ code: 'BUSY', detail: { pid: process.pid, since: mine.since } })
  await leaveLock(folder, { ...mine, pid: 1_000_000_000, host: 'elsewhere' })
  expect(await thrownBy(() => lockRun(folder))).toMatchObject({ code: 'BUSY', message: expect.stringContaining(`If nothing trains it there any more, delete ${join(folder, 'lock')}`) })
})

test('of many that take over a stale lock at once, one gets it', async () => {
  const { folder } = await makeRun(await temporaryFolder())
  for (let round = 0; round < 20; round++) {
    await leaveLock(folder, { ...mine, identity: 'another boot 1234' })
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => lockRun(folder)))
    const locks = results.filter((result): result is PromiseFulfilledResult<RunLock> => result.status === 'fulfilled')
    expect(locks).toHaveLength(1)
    expect(results.filter((result) => result.status === 'rejected' && (result.reason as { code: string }).code !== 'BUSY')).toEqual([])
    await locks[0]?.value.release()
  }
})

test('a file system without hard links has locks too', async () => {
  const { folder } = await makeRun(await temporaryFolder())
  onTestFinished(
    interceptFs((operation) => {
      if (operation === 'link') throw systemError('EPERM', operation)
    }),
  )
  const lock = await lockRun(folder)
  expect(await thrownBy(() => lockRun(folder))).toMatchObject({ code: 'BUSY', detail: { pid: process.pid } })
  await lock.release()
  await (await lockRun(folder)).release()
})

test('a taker that died while it took over is in nobody’s way', async () => {
  const { folder } = await makeRun(await temporaryFolder())
  const dead = { ...mine, identity: 'another boot 1234' }
  await leaveLock(folder, dead)
  for (const suffix of ['.takeover', '.takeover.takeover']) await writeFile(join(folder, `lock${suffix}`), JSON.stringify(dead))
  const lock = await lockRun(folder)
  expect(await lockHolder(folder)).toMatchObject({ pid: process.pid })
  await lock.release()
  expect((await readdir(folder)).filter((name) => name.includes('lock'))).toEqual([])
})

test('a lock that is not ours any more is not released', async () => {
  const { folder } = await makeRun(await temporaryFolder())
  const lock = await lockRun(folder)
  await leaveLock(folder, mine)
  await lock.release()
  expect(JSON.parse(await readFile(join(folder, 'lock'), 'utf8'))).toEqual(mine)
})

test('no folder is no run', async () => {
  expect(await thrownBy(() => lockRun('/nowhere/at/all'))).toMatchObject({ code: 'NOT_FOUND' })
})

test('who takes the lock clears away what an interrupted writer left, and puts back a checkpoint whose successor never came', async () => {
  const run = await makeRun(await temporaryFolder())
  await save(run, 1)
  await save(run, 2)
  const checkpoints = join(run.folder, 'checkpoints')
  await mkdir(join(checkpoints, '.step-00000003.ab.dinoscope-partial'))
  await mkdir(join(checkpoints, 'step-00000002.replaced'))
  await mkdir(join(checkpoints, 'step-00000004.replaced'))
  await writeFile(join(run.folder, '.status.json.ab.dinoscope-partial'), '')
  // Somebody may be renaming the run right now.
  await writeFile(join(run.folder, '.run.json.ab.dinoscope-partial'), '')
  await (await lockRun(run.folder)).release()
  expect((await readdir(checkpoints)).sort()).toEqual(['step-00000001', 'step-00000002', 'step-00000004'])
  expect((await readdir(run.folder)).sort()).toEqual(['.run.json.ab.dinoscope-partial', 'checkpoints', 'images.json', 'recipe.yaml', 'run.json', 'status.json'])
})
