/** @file A run that was stopped or killed and went on is the run that was not: the same weights, moments, centres and numbers, bit for bit. */
import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RecipeOverrides } from '../../../../src/engine/train'
import type { RunFolder } from '../../../../src/engine/train/run'
import { leftBy, makeRun, stepsLogged, stopAfter, tinyDinov2, tinyRecipe, train, writePictures } from './support/training'

let scratch: string
let root: string
let pictures: readonly string[]

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'dinoscope-resume-'))
  root = join(scratch, 'photos')
  await mkdir(root)
  pictures = await writePictures(root, 7)
  // Native modules stay outside the bundle and are found through a link.
  await symlink(join(import.meta.dirname, '../../../../node_modules'), join(scratch, 'node_modules'))
  await build({
    configFile: false,
    logLevel: 'silent',
    build: { ssr: join(import.meta.dirname, 'support/training-child.ts'), outDir: join(scratch, 'child'), target: 'node20', minify: false, rollupOptions: { output: { entryFileNames: 'child.mjs' } } },
  })
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

const draft = (name: string, recipe: RecipeOverrides): Promise<RunFolder> => makeRun({ folder: scratch, name, root, pictures, recipe })

/** Trains in a process of its own, which is killed as soon as it tells of `step`. */
async function trainAndKill({ folder }: RunFolder, step: number): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, [join(scratch, 'child/child.mjs'), folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
    if (output.includes(`\n${step}\n`)) child.kill('SIGKILL')
  })
  return new Promise((resolve) => child.once('close', (_code, signal) => { resolve(signal) }))
}

const saved = { checkpoint: { every_steps: 20, every_minutes: 0 } } as const
const dino = tinyRecipe({
  model: { arch: 'custom', dim: 16, depth: 1, heads: 2, patch_size: 8, image_size: 16, drop_path_rate: 0.4, drop_path_uniform: true, drop_path_kind: 'per-sample' },
  run: { steps: 200, batch: 2, workers: 0, accumulate: 2 },
  ...saved,
  optimiser: { freeze_last_layer: '10%', warmup: '10%', scaling_rule: 'none', lr: 0.001 },
})

describe('a run', () => {
  it.each([
    ['of DINO with centring, stochastic depth picture by picture and two batches a step', 'dino', 200, dino],
    ['of DINOv2 with masks, KoLeo, Sinkhorn-Knopp and a subset of the batch in each block', 'dinov2', 48, tinyDinov2({ run: { steps: 48, batch: 3, workers: 0, accumulate: 2 }, ...saved })],
    [
      'of DINOv2 with centring, a shared head and stochastic depth picture by picture',
      'centring',
      48,
      tinyDinov2({ run: { steps: 48, batch: 2, workers: 0 }, teacher: { centering: 'centering' }, ibot: { separate_head: false }, model: { drop_path_kind: 'per-sample' }, ...saved }),
    ],
  ] as const)('%s is the same straight, stopped and resumed, and killed and resumed', { timeout: 180_000 }, async (_title, name, steps, recipe) => {
    const half = steps / 2
    const straight = await draft(`${name}-straight`, recipe)
    expect(await train(straight)).toMatchObject({ result: { outcome: 'finished', step: steps } })
    const expected = await leftBy(straight)
    expect(await stepsLogged(straight)).toEqual(Array.from({ length: steps }, (_, index) => index + 1))

    const stopped = await draft(`${name}-stopped`, recipe)
    expect(await train(stopped, { onEvent: stopAfter(half + 1) })).toMatchObject({ result: { outcome: 'stopped', reason: 'enough', step: half + 1 } })
    expect(await train(stopped)).toMatchObject({ result: { outcome: 'finished', step: steps } })
    expect(await leftBy(stopped)).toEqual(expected)

    const killed = await draft(`${name}-killed`, recipe)
    expect(await trainAndKill(killed, half + 3)).toBe('SIGKILL')
    expect(await leftBy(killed)).toMatchObject({ step: 20 * Math.floor((half + 3) / 20) })
    expect(await train(killed)).toMatchObject({ result: { outcome: 'finished', step: steps } })
    expect(await leftBy(killed)).toEqual(expected)
  })

  it('is another with another seed, or the comparison above would show nothing', async () => {
    const runs = [await draft('seed-3', tinyRecipe()), await draft('seed-4', tinyRecipe({ seed: 4 }))]
    for (const run of runs) await train(run)
    const [first, second] = [await leftBy(runs[0]!), await leftBy(runs[1]!)]
    expect(first.metrics).not.toEqual(second.metrics)
    expect(first.tensors['teacher/backbone.norm.weight']).not.toEqual(second.tensors['teacher/backbone.norm.weight'])
  })
})
