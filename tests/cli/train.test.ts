/** @file `dinoscope train`, run for real: what it writes, when it stops, how it goes on, and what it refuses. */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jpegPicture } from '../helpers/pictures'
import { finished, lastJson, runCli, startCli, type CliResult } from './run-cli'

let folder: string
let photos: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cli-train-'))
  photos = join(folder, 'photos')
  await mkdir(join(photos, 'deep'), { recursive: true })
  for (let picture = 0; picture < 4; picture++) await writeFile(join(photos, picture % 2 === 0 ? '.' : 'deep', `${picture}.jpg`), await jpegPicture(60 + 10 * picture, 80))
  await writeFile(join(photos, 'broken.jpg'), 'not a picture')
  await writeFile(join(folder, 'long.yaml'), 'preset: tiny-smoke\nrun:\n  steps: 100000\n  workers: 0\n')
  await writeFile(join(folder, 'wrong.yaml'), 'preset: tiny-smoke\nrun:\n  stepz: 3\n')
})
afterAll(async () => {
  await rm(folder, { recursive: true })
})

const fast = ['--threads', '1', '--provider', 'cpu']
const train = (...args: string[]): Promise<CliResult> => runCli(['train', ...args, ...fast], join(folder, 'workspace'))
const told = ({ code, stderr }: CliResult): [code: number | null, last: string] => [code, stderr.trim().split('\n').at(-1)?.replaceAll(folder, 'DIR') ?? '']

describe('dinoscope train', () => {
  it('trains to the end, leaves out what is broken, and prints one JSON object last', async () => {
    const out = join(folder, 'one')
    const result = await train(photos, '--out', out, '--preset', 'tiny-smoke', '--steps', '6', '--name', 'First light', '--json')
    const run = JSON.parse(await readFile(join(out, 'run.json'), 'utf8')) as { readonly name: string; readonly images: number }
    const { outcome, step, stepsTotal, latest, skippedImages } = lastJson(result)
    expect({ code: result.code, outcome, step, stepsTotal, loss: typeof (latest as { readonly values: Record<string, unknown> }).values['loss'], skippedImages, run: [run.name, run.images], files: ['recipe.yaml', 'metrics.jsonl', 'checkpoints/step-00000006/teacher.safetensors'].map((file) => existsSync(join(out, file))) }).toEqual({
      code: 0,
      outcome: 'finished',
      step: 6,
      stepsTotal: 6,
      loss: 'number',
      skippedImages: 1,
      run: ['First light', 5],
      files: [true, true, true],
    })
    expect(result.stderr).toContain('broken.jpg: IMG_CORRUPT')
  })

  it('saves on Ctrl-C with status 130, refuses to share the run meanwhile, and goes on where it was', async () => {
    const out = join(folder, 'two')
    const child = startCli(['train', photos, '--out', out, '--recipe', join(folder, 'long.yaml'), '--json', ...fast], join(folder, 'workspace'))
    const running = finished(child)
    await expect.poll(() => existsSync(join(out, 'checkpoints', 'step-00000010')), { timeout: 30_000 }).toBe(true)
    const busy = await train('--out', out, '--resume')
    child.kill('SIGINT')
    const first = await running
    const resumed = startCli(['train', '--out', out, '--resume', '--json', ...fast], join(folder, 'workspace'))
    let told = false
    const second = await finished(resumed, (text) => {
      // A second signal would end it at once.
      if (!told && text.includes('Checkpoint of step')) told = resumed.kill('SIGTERM')
    })
    const [stoppedAt, wentTo] = [first, second].map((result) => lastJson(result)['step'] as number)
    expect({ busy: busy.code, codes: [first.code, second.code], outcome: lastJson(first)['outcome'], further: (wentTo ?? 0) > (stoppedAt ?? Infinity), saved: existsSync(join(out, 'checkpoints', `step-${String(wentTo).padStart(8, '0')}`)) }).toEqual({
      busy: 75,
      codes: [130, 130],
      outcome: 'stopped',
      further: true,
      saved: true,
    })
  })

  it('begins a new run with the teacher of another', async () => {
    const result = await train(photos, '--out', join(folder, 'fork'), '--preset', 'tiny-smoke', '--steps', '2', '--init', join(folder, 'one'))
    expect([result.code, result.stderr.includes('continuing from First light, step 6')]).toEqual([0, true])
  })

  it('gives its teacher to commands that take a model, by its folder or as a run of the workspace', async () => {
    const home = join(folder, 'home')
    const out = join(home, 'runs', 'known')
    await train(photos, '--out', out, '--preset', 'tiny-smoke', '--steps', '2')
    const exported = async (model: string): Promise<[code: number | null, model: unknown]> => {
      const result = await runCli(['export', model, '--to', join(folder, `${model === out ? 'folder' : 'id'}.safetensors`), '--json'], home)
      return [result.code, (lastJson(result)['model'] as { readonly name?: unknown } | undefined)?.name]
    }
    expect([await exported(out), await exported('run:known'), await exported('run:unknown')]).toEqual([
      [0, 'known, step 2'],
      [0, 'known, step 2'],
      [1, undefined],
    ])
  })

  it('distils a run’s teacher, with its head, into a student; and says what does not fit', async () => {
    const recipe = join(folder, 'distil.yaml')
    const head = 'head_n_prototypes: 24, head_hidden_dim: 16, head_bottleneck_dim: 8'
    await writeFile(
      recipe,
      `method: distill\ninit: scratch\nmodel: {arch: custom, dim: 16, depth: 1, heads: 1, patch_size: 8, image_size: 32}\ncrops: {global_crops_size: 32, local_crops_size: 16, local_crops_number: 1}\ndino: {${head}}\nibot: {${head}}\nteacher: {teacher_temp_warmup: 0}\noptimiser: {warmup: 0, freeze_last_layer: 0, min_lr: 0}\nrun: {steps: 3, batch: 2, workers: 0}\n`,
    )
    const out = join(folder, 'small')
    const result = await train(photos, '--out', out, '--recipe', recipe, '--teacher', join(folder, 'one'), '--json')
    const run = JSON.parse(await readFile(join(out, 'run.json'), 'utf8')) as { readonly teacher?: { readonly name: string; readonly headsSha256?: string } }
    const written = await readFile(join(out, 'recipe.yaml'), 'utf8')
    const prototypes = [...written.matchAll(/head_n_prototypes: (\d+)/g)].map(([, count]) => count)
    expect({ code: result.code, step: lastJson(result)['step'], said: result.stderr.includes('learning from First light, step 6.'), teacher: run.teacher?.name, heads: typeof run.teacher?.headsSha256, prototypes, method: written.split('\n')[0]?.split(' ')[1] }).toEqual({
      ...{ code: 0, step: 3, said: true, teacher: 'First light, step 6', heads: 'string', method: 'distill' },
      // Of the run's head, which never learned patches: those for patches are made.
      prototypes: ['64', '24'],
    })
    const refused = await Promise.all([
      train(photos, '--out', join(folder, 'x'), '--recipe', recipe, '--teacher', join(folder, 'one'), '--method', 'dino'),
      train(photos, '--out', join(folder, 'x'), '--preset', 'distil-vitti14', '--teacher', join(folder, 'one')),
      train('--out', out, '--resume', '--teacher', join(folder, 'one')),
    ])
    expect(refused.map(told)).toEqual([
      [2, expect.stringContaining('must be none: in dino the teacher is an average of the student')],
      [1, 'dinoscope: "First light, step 6" sees patches of 8 pixels and the student patches of 14; set model.patch_size: 8 with crops that are multiples of it, or choose another teacher'],
      [2, 'dinoscope: --resume goes on exactly as the run began; leave out --teacher, or begin a new run with --init DIR/small'],
    ])
  })

  it('tries without a run', async () => {
    const result = await train(photos, '--card', '--preset', 'tiny-smoke', '--steps', '4', '--json')
    expect({ code: result.code, ...lastJson(result) }).toMatchObject({ code: 0, images: 5, stepsTotal: 4, verdict: 'poor' })
  })

  it('never writes over a run, and says in words what cannot be', async () => {
    const one = join(folder, 'one')
    const cases: readonly (readonly [string[], number, string])[] = [
      [[photos, '--out', one, '--preset', 'tiny-smoke'], 2, 'dinoscope: DIR/one is a run already; --resume goes on with it, another --out begins a new one'],
      [['--out', join(folder, 'none'), '--resume'], 2, 'dinoscope: there is no run in DIR/none; leave out --resume to begin one there'],
      [['--out', one, '--resume', '--steps', '9', '--init', 'scratch'], 2, 'dinoscope: --resume goes on exactly as the run began; leave out --steps, --init, or begin a new run with --init DIR/one'],
      [[folder, '--out', one, '--resume'], 2, 'dinoscope: the run in DIR/one trains on DIR/photos, not on DIR; leave the folder out, or begin a new run'],
      [['--out', join(folder, 'x')], 2, 'dinoscope: name the folder of pictures to train on'],
      [[photos], 2, 'dinoscope: --out names the folder of the run; --card tries without one'],
      [[photos, '--out', join(folder, 'x'), '--recipe', join(folder, 'wrong.yaml')], 2, 'dinoscope: the recipe is not understood: line 3: run.stepz: there is no such key; did you mean run.steps?'],
      [[join(folder, 'workspace'), '--out', join(folder, 'x'), '--preset', 'tiny-smoke'], 1, 'dinoscope: There are no pictures to train on in DIR/workspace; training needs at least two, and teaches something from some thousands on'],
      [[photos, '--out', photos, '--preset', 'tiny-smoke'], 1, 'dinoscope: DIR/photos exists already and is not empty; choose another place'],
    ]
    await mkdir(join(folder, 'workspace'), { recursive: true })
    const found = await Promise.all(cases.map(async ([args]) => told(await train(...args))))
    expect(found).toEqual(cases.map(([, code, message]) => [code, message]))
    expect(existsSync(join(folder, 'x'))).toBe(false)
  })
})
