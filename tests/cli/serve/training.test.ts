/** @file Training under `serve` with real processes: it outlives its page, a crash of its trainer and one of the engine, and ends with a checkpoint. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Client, EngineContract, RunInfo } from '../../../src/engine/contract'
import { jpegPicture } from '../../helpers/pictures'
import { finished, startCli } from '../run-cli'
import { openPage, readyUrl } from './page'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'serve-training-'))
  for (let picture = 0; picture < 4; picture++) await writeFile(join(folder, `${picture}.jpg`), await jpegPicture(60 + 10 * picture, 80))
})
afterAll(async () => {
  await rm(folder, { recursive: true })
})

const recipe = 'preset: tiny-smoke\nrun:\n  steps: 100000\n  workers: 0\ncheckpoint:\n  every_steps: 5\n'

const json = async (...path: string[]): Promise<Record<string, unknown>> => JSON.parse(await readFile(join(...path), 'utf8')) as Record<string, unknown>

/** The process that has locked a run, and its parent. */
async function trainerOf(run: string): Promise<{ readonly pid: number; readonly parent: number }> {
  const pid = Number((await json(run, 'lock'))['pid'])
  const status = await readFile(`/proc/${pid}/stat`, 'latin1')
  return { pid, parent: Number(status.slice(status.lastIndexOf(')') + 2).split(' ')[1]) }
}

const one = async (client: Client<EngineContract>): Promise<RunInfo> => {
  const [run] = await client['runs.list'](undefined)
  if (run === undefined) throw new Error('there is no run')
  return run
}

it.runIf(process.platform === 'linux')('goes on through the death of its trainer and of its engine, and is saved when the server ends', { timeout: 120_000 }, async () => {
  const workspace = join(folder, 'workspace')
  const child = startCli(['serve', '--workspace', workspace], workspace)
  const end = finished(child)
  const url = await readyUrl(child.stdout)
  const page = await openPage(url)
  const { libraryId } = await page.client['library.open']({ path: folder }).result
  const plan = { name: 'Night', images: { libraryId, imageIds: undefined }, recipe, init: 'scratch' }
  const card = await page.client['train.card']({ ...plan, recipe: 'preset: tiny-smoke\n' }).result
  expect([card.images, card.stepsTotal, card.stepMs > 0, card.verdict]).toEqual([4, 20, true, 'poor'])
  const started = await page.client['train.start'](plan)
  const run = join(workspace, 'runs', started.id)
  const beyond = (client: Client<EngineContract>, step: number): Promise<void> => expect.poll(async () => { const { state, step: at } = await one(client); return state === 'running' && at > step }, { timeout: 60_000, interval: 50 }).toBe(true)
  page.close()

  // Nobody looks at it for a while.
  const second = await openPage(url)
  await beyond(second.client, 10)
  const first = await trainerOf(run)
  process.kill(first.pid, 'SIGKILL')
  await expect.poll(async () => (await one(second.client)).reason, { timeout: 10_000, interval: 20 }).toContain('it was ended by SIGKILL')
  const afterKill = await one(second.client)
  await beyond(second.client, Math.max(10, afterKill.checkpoints.at(-1)?.step ?? 0))
  const next = await trainerOf(run)

  const killedMs = performance.now()
  process.kill(next.parent, 'SIGKILL')
  await new Promise((resolve) => second.onClose(resolve))
  const third = await openPage(url)
  const reached = (await one(third.client)).step
  await beyond(third.client, reached)
  const backMs = performance.now() - killedMs
  const last = await trainerOf(run)

  child.kill('SIGTERM')
  const { code } = await end
  const status = await json(run, 'status.json')
  const newest = (await readdir(join(run, 'checkpoints'))).sort().at(-1)
  expect({
    code,
    pids: new Set([first.pid, next.pid, last.pid]).size,
    engines: new Set([next.parent, last.parent]).size,
    back: backMs < 30_000,
    status: [status['state'], status['reason']],
    newest: Number(newest?.slice('step-'.length)) === status['step'],
    left: (await readdir(run)).includes('lock') || (await readdir(workspace)).includes('training.json'),
  }).toEqual({ code: 0, pids: 3, engines: 2, back: true, status: ['stopped', 'DinoScope was closed'], newest: true, left: false })
})
