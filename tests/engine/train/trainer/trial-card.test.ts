/** @file The trial before a run, on real pictures: measured, honest, cancelled at once, and without a trace. */
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { FeasibilityCard, Progress } from '../../../../src/engine/contract'
import { parseRecipe, recipeConfig, trialCard, type TrialOptions } from '../../../../src/engine/train'
import { temporaryFolder } from '../../../helpers/folders'
import { jpegPicture } from '../../../helpers/pictures'
import { smallConfigs, writeSmallModel } from '../../../helpers/small-models'

const recipe = parseRecipe('preset: tiny-smoke\nrun:\n  workers: 0\n  steps: 6\n')

async function options(changes: Partial<TrialOptions> = {}): Promise<TrialOptions> {
  const root = await temporaryFolder()
  const images = await Promise.all(
    Array.from({ length: 5 }, async (_, index) => {
      const relativePath = `${index}.jpg`
      const bytes = index === 4 ? Buffer.from('not a picture') : await jpegPicture(60 + 10 * index, 80)
      await writeFile(join(root, relativePath), bytes)
      return { path: join(root, relativePath), relativePath, sizeBytes: bytes.length }
    }),
  )
  return { recipe, images, root, initFolder: undefined, provider: 'cpu', threads: 1, workspace: join(root, 'not', 'there', 'yet'), ...changes }
}

async function cardOf(request: TrialOptions): Promise<{ readonly card: FeasibilityCard; readonly progress: readonly Progress[] }> {
  const progress: Progress[] = []
  const card = await trialCard(request, { signal: new AbortController().signal, emit: (event) => progress.push(event) })
  return { card, progress }
}

describe('trialCard', () => {
  it('measures steps on the very pictures, and leaves nothing behind', async () => {
    const request = await options()
    const { card, progress } = await cardOf(request)
    const { summary, imagesPerSecond, stepMs, peakRssBytes, freeMemoryBytes, freeDiskBytes, hours, advice, ...exact } = card
    const parameters = summary.backboneParameters + summary.headParameters
    expect({ ...exact, checkpointBytes: exact.checkpointBytes >= 16 * parameters && exact.checkpointBytes < 17 * parameters + 2 ** 20 }).toEqual({
      images: 5,
      stepsTotal: 6,
      checkpointBytes: true,
      batch: 4,
      verdict: 'poor',
      skipped: [expect.objectContaining({ relativePath: '4.jpg', code: 'IMG_CORRUPT' })],
    })
    expect([stepMs > 0, Math.abs(imagesPerSecond * stepMs - 4000) < 1, peakRssBytes > 2 ** 20, freeMemoryBytes > 2 ** 20, freeDiskBytes > 2 ** 20, Math.abs(hours * 3_600_000 - 6 * stepMs) < 1, advice.length > 2]).toEqual([true, true, true, true, true, true, true])
    expect([progress.at(-1)?.done, progress.at(-1)?.total, (await readdir(request.root)).length]).toEqual([6, 6, 5])
  })

  it('begins with the weights it is given, and finds the batch where the recipe leaves it open', async () => {
    const folder = await temporaryFolder()
    await writeSmallModel(folder, recipeConfig(recipe))
    const open = parseRecipe('preset: tiny-smoke\nrun:\n  workers: 0\n  steps: 3\n  batch: auto\n')
    const { card } = await cardOf(await options({ initFolder: folder, recipe: open }))
    expect({ batch: card.batch >= 2 && card.batch % 2 === 0, same: card.batch === card.summary.batch, verdict: card.verdict, fromPretrained: card.advice.some((say) => say.includes('pretrained weights have more to lose')) }).toEqual({ batch: true, same: true, verdict: 'doubtful', fromPretrained: true })
  })

  it('counts the frozen teacher, of which a checkpoint holds no more than heads, and says what it can give', async () => {
    const folder = await temporaryFolder()
    const teacher = await writeSmallModel(folder, { ...smallConfigs.registers, patchSize: 8, dim: 256, hidden: 512 })
    const small = { init: 'scratch', model: { arch: 'custom', dim: 16, depth: 1, heads: 1, patch_size: 8, image_size: 32, layerscale: 0 }, crops: { global_crops_size: 32, local_crops_size: 16, local_crops_number: 1 }, run: { steps: 3, epoch_length: 'auto', batch: 2, workers: 0 }, optimiser: { warmup: '0%', freeze_last_layer: '0%', min_lr: 0 }, teacher: { teacher_temp_warmup: '0%' } } as const
    const heads = { head_n_prototypes: 16, head_hidden_dim: 16, head_bottleneck_dim: 8 }
    const distilled = parseRecipe('method: distill\n', { ...small, dino: heads, ibot: heads })
    const request = { ...(await options({ recipe: distilled })), teacherFolder: folder }
    const { card } = await cardOf(request)
    const student = 4 * 4 * (card.summary.backboneParameters + card.summary.headParameters)
    const headBytes = 2 * 4 * (256 * 256 + 256 + 16 + 16 * 256)
    const ring = 4 * 1024 * 16
    expect({ teacher: card.teacher, checkpointBytes: card.checkpointBytes, advice: card.advice.filter((say) => say.includes('Small model')) }).toEqual({
      teacher: { name: 'Small model', parameters: teacher.manifest.parameters },
      checkpointBytes: student + headBytes + ring,
      advice: ['On 5 pictures the student learns what Small model says of these and hardly of others.'],
    })
    const found = await cardOf({ ...request, recipe: parseRecipe('method: distill\n', { ...small, dino: heads, ibot: heads, run: { ...small.run, batch: 'auto' } }) })
    expect(found.card.batch).toBe(4)
  })

  it.each([
    ['before it begins', 0],
    ['between two steps', 1],
  ])('is cancelled %s', async (_title, steps) => {
    const controller = new AbortController()
    if (steps === 0) controller.abort(new Error('enough'))
    const emit = ({ done }: Progress): void => {
      if (done >= steps) controller.abort(new Error('enough'))
    }
    // Progress is told every tenth of a second, so there have to be more steps than in the other tests.
    const longer = parseRecipe('preset: tiny-smoke\nrun:\n  workers: 0\n  batch: 16\n')
    await expect(trialCard(await options({ recipe: longer }), { signal: controller.signal, emit })).rejects.toThrow('enough')
  })

  it('says what is wrong with the pictures', async () => {
    const request = await options()
    await expect(cardOf({ ...request, images: request.images.slice(4) })).rejects.toMatchObject({ code: 'TRAIN_IMAGES' })
  })
})
