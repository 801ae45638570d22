/** @file The backbone that comes with the app: whole, small, and described by figures that are of these very weights. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openModelFolder, requireVit, verifyModelFolder } from '../../../../src/engine/weights'

const models = join(import.meta.dirname, '..', '..', '..', '..', 'resources', 'models')
const folder = join(models, 'dinoscope-mini')

interface Score {
  readonly adjustedRand: number
}

interface Figures {
  readonly weights: string
  readonly knn: { readonly trained: number; readonly untrained: number; readonly pixels: number }
  readonly clustering: Readonly<Record<'photos' | 'samples', { readonly trained: Score; readonly untrained: Score; readonly colours: Score }>>
}

const figures = async (): Promise<Figures> => JSON.parse(await readFile(join(folder, 'figures.json'), 'utf8')) as Figures

it('is the only one, whole, trained, and below 12 MB', async () => {
  const model = requireVit(await openModelFolder(folder), 'read')
  await verifyModelFolder(model, new AbortController().signal)
  expect({ models: await readdir(models), id: model.manifest.id, trained: model.manifest.trained, small: model.manifest.weights.bytes < 12e6, dtypes: new Set([...model.weights.tensors.values()].map(({ dtype }) => dtype)) }).toEqual({
    models: ['dinoscope-mini'],
    id: 'dinoscope-mini',
    trained: true,
    small: true,
    dtypes: new Set(['float16']),
  })
})

it('was measured with these weights, and is better than the untrained network', async () => {
  const { weights, knn, clustering } = await figures()
  expect(weights).toBe((await openModelFolder(folder)).manifest.weights.sha256)
  expect(knn.trained).toBeGreaterThan(knn.untrained + 0.05)
  for (const { trained, untrained } of Object.values(clustering)) expect(trained.adjustedRand).toBeGreaterThan(untrained.adjustedRand + 0.1)
})

it('has the figures on its card', async () => {
  const card = await readFile(join(folder, 'README.md'), 'utf8')
  const { knn, clustering } = await figures()
  const told = [...Object.values(knn).filter((value) => typeof value === 'number').map((value) => `${(100 * value).toFixed(1)} %`), ...Object.values(clustering).flatMap((set) => [set.trained, set.untrained, set.colours].map(({ adjustedRand }) => adjustedRand.toFixed(2)))]
  for (const figure of told) expect(card, figure).toContain(figure)
})
