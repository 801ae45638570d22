/** @file It learns: patterns in colours of chance, told apart by what the teacher makes of them. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { expect, it } from 'vitest'
import { randomStream, type RandomStream } from '../../../../src/engine/tensor'
import { temporaryFolder } from '../../../helpers/folders'
import { makeRun, tinyDinov2, train } from './support/training'

const edge = 32

/** Which of two colours each pixel has. */
const patterns: Readonly<Record<string, (x: number, y: number, phase: number) => boolean>> = {
  across: (_x, y, phase) => (y + phase) % 6 < 3,
  down: (x, _y, phase) => (x + phase) % 6 < 3,
  slope: (x, y, phase) => (x + y + phase) % 8 < 4,
  squares: (x, y, phase) => ((x + phase) % 8 < 4) !== ((y + phase) % 8 < 4),
}

async function draw(isFirst: (x: number, y: number, phase: number) => boolean, random: RandomStream): Promise<Buffer> {
  const colours = [0, 1].map(() => [0, 1, 2].map(() => 40 + 175 * random.uniform()))
  const phase = Math.floor(24 * random.uniform())
  const rgb = Buffer.alloc(edge * edge * 3)
  for (let y = 0; y < edge; y++) for (let x = 0; x < edge; x++) for (let channel = 0; channel < 3; channel++) rgb[(y * edge + x) * 3 + channel] = colours[isFirst(x, y, phase) ? 0 : 1]![channel]! + 30 * (random.uniform() - 0.5)
  return sharp(rgb, { raw: { width: edge, height: edge, channels: 3 } }).png().toBuffer()
}

it('learns patterns whatever their colour: the loss falls and the neighbours of a picture become those of its kind', async () => {
  const root = await temporaryFolder()
  const pictures: string[] = []
  const random = randomStream(2)
  for (const [name, pattern] of Object.entries(patterns)) {
    await mkdir(join(root, name))
    for (let index = 0; index < 60; index++) {
      pictures.push(`${name}/${index}.png`)
      await writeFile(join(root, pictures.at(-1)!), await draw(pattern, random))
    }
  }
  // Sinkhorn-Knopp and KoLeo hold so small a model apart from the first step on; DINO's centre takes longer than a test may.
  const recipe = tinyDinov2({
    model: { arch: 'custom', dim: 32, depth: 2, heads: 2, patch_size: 8, image_size: 32, drop_path_rate: 0, layerscale: 0 },
    dino: { koleo_loss_weight: 0.1, head_n_prototypes: 32, head_hidden_dim: 64, head_bottleneck_dim: 32 },
    ibot: { loss_weight: 0 },
    teacher: { momentum_teacher: 0.95, final_momentum_teacher: 0.99, teacher_temp_warmup: '0 steps', warmup_teacher_temp: 0.06, teacher_temp: 0.06 },
    optimiser: { lr: 0.002, min_lr: 0.0001, freeze_last_layer: '0 steps', weight_decay_end: 0.04, layerwise_decay: 1, patch_embed_lr_mult: 1 },
    run: { steps: 200, batch: 24, workers: 0, epoch_length: 'auto' },
    checkpoint: { every_steps: 1000 },
    watch: { knn_every: '50%', knn_k: 5, log_every: 10, probe_every: '0 steps' },
  })
  const run = await makeRun({ folder: await temporaryFolder(), name: 'run', root, pictures, recipe })
  const { events, result } = await train(run)
  expect(result?.outcome).toBe('finished')
  const steps = events.flatMap((event) => (event.kind === 'step' ? [event.metrics] : []))
  const scores = steps.flatMap(({ values }) => (values['knn'] === undefined ? [] : [values['knn']]))
  const losses = steps.flatMap(({ values }) => (values['loss'] === undefined ? [] : [values['loss']]))
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  expect(mean(losses.slice(-20))).toBeLessThan(mean(losses.slice(0, 20)) - 0.1)
  expect(scores.at(-1)).toBeGreaterThan(scores[0]! + 0.15)
})
