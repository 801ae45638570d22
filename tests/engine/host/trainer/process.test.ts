/** @file The life of a trainer process: served over its channel, ended by its engine's end or by a signal, its checkpoint written first. */
import { fork } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { connect, type Client, type TrainEvent } from '../../../../src/engine/contract'
import { trainerContract, type TrainerContract, type TrainerRunRequest } from '../../../../src/engine/host/trainer/contract'
import { forkTrainer } from '../../../../src/engine/host/trainer/fork-trainer'
import type { TrainerProcess } from '../../../../src/engine/host/trainer/process'
import { temporaryFolder } from '../../../helpers/folders'

let bundle = ''
let trainerModule = ''

beforeAll(async () => {
  bundle = await mkdtemp(join(tmpdir(), 'dinoscope-trainer-'))
  await build({
    configFile: false,
    logLevel: 'silent',
    ssr: { noExternal: true },
    build: { ssr: join(import.meta.dirname, 'fake-trainer.ts'), outDir: bundle, target: 'node20', minify: false, rollupOptions: { output: { entryFileNames: 'trainer.mjs' } } },
  })
  trainerModule = join(bundle, 'trainer.mjs')
}, 60_000)

afterAll(() => rm(bundle, { recursive: true, force: true }))

interface Fixture {
  readonly trainer: TrainerProcess
  readonly client: Client<TrainerContract>
  readonly exit: Promise<string>
  readonly folder: string
  readonly request: TrainerRunRequest
}

async function start(threads?: number): Promise<Fixture> {
  const folder = await temporaryFolder()
  const trainer = forkTrainer(trainerModule)
  onTestFinished(() => {
    trainer.kill()
  })
  const exit = new Promise<string>((resolve) => {
    trainer.onExit(resolve)
  })
  return { trainer, client: connect(trainerContract, trainer.port).client, exit, folder, request: { folder, provider: 'cpu', threads, paused: false, finishBy: undefined } }
}

const stepsIn = (folder: string): number => (existsSync(join(folder, 'steps')) ? readFileSync(join(folder, 'steps'), 'utf8').split('\n').length - 1 : 0)
const begun = (folder: string): Promise<void> => expect.poll(() => stepsIn(folder), { timeout: 20_000, interval: 10 }).toBeGreaterThan(0)
const savedIn = (folder: string): string => readFileSync(join(folder, 'saved'), 'utf8')

describe('a trainer process', () => {
  it('trains in an empty working directory, is heard between steps, and ends when its engine lets go of it', async () => {
    const { trainer, client, exit, folder, request } = await start()
    const events: TrainEvent[] = []
    const job = client['trainer.run'](request, (event) => events.push(event))
    await begun(folder)
    await client['trainer.pause']({ paused: true })
    const paused = stepsIn(folder)
    await new Promise((resolve) => setTimeout(resolve, 150))
    const still = stepsIn(folder)
    await client['trainer.finishBy']({ at: '2026-11-25T07:00:00.000Z' })
    const result = await job.result
    trainer.port.close()
    const [first] = events
    expect({ still: still - paused, result: [result.outcome, result.reason], exit: await exit, phase: first?.kind === 'phase' && first.note.includes('dinoscope-'), steps: events.some(({ kind }) => kind === 'step') }).toEqual({
      still: 0,
      result: ['finished', 'by 2026-11-25T07:00:00.000Z'],
      exit: 'it ended',
      phase: true,
      steps: true,
    })
  })

  it('answers a cancel when the checkpoint is on disk', async () => {
    const { client, folder, request } = await start()
    const job = client['trainer.run'](request)
    await begun(folder)
    await job.cancel()
    expect([existsSync(join(folder, 'saved')), (await job.result).outcome]).toEqual([true, 'stopped'])
  })

  it.each(['SIGTERM', 'SIGINT'] as const)('saves and ends with 0 on %s, and its result still arrives', async (signal) => {
    const { client, exit, folder, request } = await start()
    let pid = NaN
    const job = client['trainer.run'](request, (event) => {
      if (event.kind === 'phase') pid = Number(/^process (\d+)/.exec(event.note)?.[1])
    })
    await begun(folder)
    process.kill(pid, signal)
    expect([(await job.result).reason, savedIn(folder), await exit]).toEqual([`the system asked it to end (${signal})`, `the system asked it to end (${signal})`, 'it ended'])
  })

  it('saves and ends by itself within seconds when its engine is killed', async () => {
    const folder = await temporaryFolder()
    // The engine's place is taken by a process that forks the trainer as an engine does and is then killed.
    const engine = fork(join(import.meta.dirname, 'doomed-engine.mjs'), [trainerModule, folder], { stdio: ['ignore', 'ignore', 2, 'ipc'] })
    await begun(folder)
    const startedMs = performance.now()
    engine.kill('SIGKILL')
    await expect.poll(() => existsSync(join(folder, 'saved')), { timeout: 10_000, interval: 20 }).toBe(true)
    expect({ reason: savedIn(folder), within: performance.now() - startedMs < 5000 }).toEqual({ reason: 'DinoScope was closed or its engine stopped', within: true })
  })

  it('is served through the port that Electron hands it, and ends when that closes', async () => {
    const folder = await temporaryFolder()
    const child = fork(join(import.meta.dirname, '..', 'utility-process-shim.mjs'), [pathToFileURL(trainerModule).href, ''], { serialization: 'advanced', stdio: ['ignore', 'ignore', 2, 'ipc'] })
    onTestFinished(() => {
      child.kill('SIGKILL')
    })
    const exit = new Promise((resolve) => child.on('exit', resolve))
    child.send({ to: 'parentPort', message: { kind: 'attach' } })
    child.send({ to: 'page', message: { kind: 'start', id: '1', name: 'trainer.run', argument: { folder, provider: 'cpu', threads: 1, paused: false, finishBy: undefined } } })
    await begun(folder)
    child.send({ to: 'page', closed: true })
    expect([await exit, savedIn(folder)]).toEqual([0, 'DinoScope was closed or its engine stopped'])
  })

  it('is missed with its signal when it is killed, and what was under way is rejected', async () => {
    const { client, exit, request } = await start(13)
    await expect(client['trainer.run'](request).result).rejects.toMatchObject({ code: 'ENGINE_EXITED' })
    expect(await exit).toBe('it was ended by SIGKILL')
  })

  it('takes names that are not UTF-8 for its trial', async () => {
    const { client, request } = await start()
    const path = Buffer.from('2f70686f746f732fe92e6a7067', 'hex')
    const images = [{ path, relativePath: '\\xE9.jpg', sizeBytes: 1 }, { path: '/photos/a.jpg', relativePath: 'a.jpg', sizeBytes: 1 }]
    const card = await client['trainer.card']({ ...request, recipe: '', images, root: '/photos', initFolder: undefined, workspace: '/w' }).result
    expect(card.advice).toEqual(['bytes 2f70686f746f732fe92e6a7067', '/photos/a.jpg'])
  })
})
