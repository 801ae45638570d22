import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'vite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isPartialName } from '../../../../src/engine/files'
import { randomStream } from '../../../../src/engine/tensor'
import { listCheckpoints, lockHolder, lockRun, newestCheckpoint, openMetricsLog } from '../../../../src/engine/train/run'
import { contentOf, makeRun, readContent } from './support/runs'

let scratch = ''

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'dinoscope-kill-'))
  await build({
    configFile: false,
    logLevel: 'silent',
    ssr: { noExternal: true },
    build: { ssr: join(import.meta.dirname, 'support/saving-child.ts'), outDir: join(scratch, 'child'), target: 'node20', minify: false, rollupOptions: { output: { entryFileNames: 'child.mjs' } } },
  })
})

afterAll(() => rm(scratch, { recursive: true, force: true }))

interface Killed {
  /** The last step whose save had begun, and the last that was said to be saved. */
  readonly begun: number
  readonly saved: number
  readonly signal: NodeJS.Signals | null
  readonly errors: string
}

/** Runs the child until it is killed: by itself before its `operation`-th change of the disk, or `delayMs` after its first save began. */
async function runAndKill(folder: string, how: { readonly operation: number } | { readonly delayMs: number }): Promise<Killed> {
  const last = 'operation' in how ? [String(how.operation)] : []
  const child = spawn(process.execPath, [join(scratch, 'child/child.mjs'), folder, ...last], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  child.stdout.on('data', (chunk: Buffer) => {
    if (output === '' && 'delayMs' in how) setTimeout(() => child.kill('SIGKILL'), how.delayMs)
    output += chunk.toString()
  })
  const signal = await new Promise<NodeJS.Signals | null>((resolve) => child.once('close', (_code, by) => resolve(by)))
  const lastOf = (word: string): number => Number([...output.matchAll(new RegExp(`${word} (\\d+)\n`, 'g'))].at(-1)?.[1] ?? 0)
  return { begun: lastOf('begin'), saved: lastOf('saved'), signal, errors }
}

test('50 kills at any moment, half of them before the very next change of the disk: the newest valid checkpoint is never older than the last one saved', { timeout: 120_000 }, async () => {
  const run = await makeRun(scratch)
  const random = randomStream(7)
  let saved = 0
  for (let kill = 0; kill < 50; kill++) {
    const killed = await runAndKill(run.folder, kill % 2 === 0 ? { operation: Math.floor(90 * random.uniform()) } : { delayMs: 60 * random.uniform() })
    expect(killed, killed.errors).toMatchObject({ signal: 'SIGKILL', errors: '' })
    expect(await lockHolder(run.folder)).toBeUndefined()
    saved = Math.max(saved, killed.saved)

    const lock = await lockRun(run.folder)
    const { checkpoint, refused } = await newestCheckpoint(run, { lock })
    expect(refused).toEqual([])
    // Between "begin" and "saved" it may or may not be there; all that was said to be saved is.
    expect(checkpoint?.step ?? 0).toBeGreaterThanOrEqual(saved)
    expect(checkpoint?.step ?? 0).toBeLessThanOrEqual(Math.max(saved, killed.begun))
    if (checkpoint !== undefined) expect(await readContent(checkpoint)).toEqual(contentOf(checkpoint.step))
    const names = await readdir(join(run.folder, 'checkpoints')).catch(() => [])
    expect(names.filter((name) => isPartialName(name) || name.endsWith('.replaced'))).toEqual([])
    const steps = (await listCheckpoints(run.folder)).map(({ step }) => step)
    expect(steps.length).toBeGreaterThanOrEqual(Math.min(2, checkpoint?.step ?? 0))

    const done = checkpoint?.step ?? 0
    await (await openMetricsLog(run.folder, done + 1)).close()
    const lines = (await readFile(join(run.folder, 'metrics.jsonl'), 'utf8')).split('\n').slice(0, -1)
    expect(lines).toEqual(Array.from({ length: done }, (_, index) => JSON.stringify({ step: index + 1, loss: 1 / (index + 1) })))
    saved = done
    await lock.release()
  }
  expect(saved).toBeGreaterThan(25)
})
