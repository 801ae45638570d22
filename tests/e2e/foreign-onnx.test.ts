/** @file An ONNX model of another maker: asked how it is read, imported, looked through; and what it does not give. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeModel } from '../../src/engine/onnx'
import { tokenModel, vectorModel } from '../helpers/foreign-models'
import { importModel, nextOverlay, openFolder, overlay, root, startApp, type App } from './support/app'

const shots = process.env['DINOSCOPE_SHOTS']
let app: App

const byTestId = (id: string) => app.page.getByTestId(id)
const shoot = async (name: string): Promise<void> => {
  if (shots !== undefined) await app.page.screenshot({ path: join(shots, `${name}.png`) })
}

/** The first trained model is looked through without asking. */
const useImported = async (): Promise<void> => {
  await byTestId('imported').waitFor({ timeout: 60_000 })
  const use = byTestId('imported').getByRole('button', { name: 'Use it' })
  if (await use.isVisible()) await use.click()
}

beforeAll(async () => {
  app = await startApp()
  await mkdir(join(app.scratch, 'foreign'))
  await writeFile(join(app.scratch, 'foreign', 'conv-tokens.onnx'), encodeModel(tokenModel({ patch: 16, dim: 24, leading: 1 }).model))
  await writeFile(join(app.scratch, 'foreign', 'conv-vector.onnx'), encodeModel(vectorModel({ patch: 16, dim: 24 }).model))
})
afterAll(async () => { await app.stop() })

describe('a model of another maker', () => {
  it('is tried, asked about and imported', async () => {
    await importModel(app.page, join(app.scratch, 'foreign', 'conv-tokens.onnx'))
    await byTestId('onnx-dialog').waitFor({ timeout: 60_000 })
    expect(await byTestId('onnx-dialog').innerText()).toContain('pixels: float32 [batch, 3, height, width]')
    expect([await byTestId('onnx-leading').inputValue(), await byTestId('onnx-size').inputValue()]).toEqual(['1', '224'])
    await shoot('onnx dialog')
    // What the graph contradicts is asked again, with the reason; what was typed stays.
    await byTestId('onnx-leading').fill('3')
    await byTestId('onnx-name').fill('Convolution')
    await byTestId('onnx-import').click()
    await byTestId('onnx-dialog').getByText('leaves no square of patches').waitFor({ timeout: 60_000 })
    expect(await byTestId('onnx-name').inputValue()).toBe('Convolution')
    await shoot('onnx dialog refused')
    await byTestId('onnx-leading').fill('1')
    await byTestId('onnx-import').click()
    await useImported()
    const card = byTestId('model-card').filter({ hasText: 'Convolution' })
    expect([await card.getByText('ONNX ·').count(), await card.getByRole('button', { name: /^Export/ }).count(), await card.getByText('Computed in').count()]).toEqual([1, 0, 0])
    // Of the bundled model all of these are there.
    await byTestId('model-card').filter({ hasText: 'DinoScope mini' }).getByText('Computed in').waitFor()
    await shoot('onnx card')
  })

  it('shows PCA and similarity of its tokens, and says why there is no attention and no object', async () => {
    await app.page.getByRole('link', { name: 'Library' }).click()
    await openFolder(app.page, join(root, 'resources', 'samples'))
    await byTestId('scan').waitFor({ state: 'detached', timeout: 60_000 })
    await byTestId('tile').first().dblclick()
    await byTestId('not-given').getByText('gives no attention').waitFor({ timeout: 60_000 })
    await shoot('onnx attention')
    await app.page.keyboard.press('2')
    const pca = await nextOverlay(app.page)
    await app.page.waitForTimeout(300)
    await shoot('onnx pca')
    await app.page.keyboard.press('3')
    await nextOverlay(app.page, pca)
    await app.page.getByRole('tab', { name: 'Object' }).click()
    await byTestId('not-given').getByText('Objects are found by the keys').waitFor()
    expect(await overlay(app.page).isVisible()).toBe(false)
  })

  it('is compared with the bundled model by its colours and vectors, and says that it gives no attention', async () => {
    await app.page.getByRole('link', { name: 'Compare', exact: true }).click()
    await byTestId('compare-run').click()
    await byTestId('compare-figures').waitFor({ timeout: 60_000 })
    await byTestId('compare-note').getByText('Convolution gives no attention.').waitFor({ timeout: 60_000 })
    const [bundled, foreign] = (await byTestId('compare-model-a').innerText()).includes('Convolution') ? (['b', 'a'] as const) : (['a', 'b'] as const)
    const overlayOf = (side: 'a' | 'b') => byTestId(`compare-${side}`).getByTestId('match-overlay')
    await overlayOf(bundled).waitFor({ timeout: 60_000 })
    expect(await overlayOf(foreign).count()).toBe(0)
    await shoot('onnx compared')
    await app.page.keyboard.press('3')
    await byTestId('compare-note').getByText('Same colour, same thing').waitFor({ timeout: 60_000 })
    for (const side of [bundled, foreign]) await overlayOf(side).waitFor()
    await shoot('onnx compared colours')
  })

  it('of vectors alone is for search and the map, at one size', async () => {
    await importModel(app.page, join(app.scratch, 'foreign', 'conv-vector.onnx'))
    await byTestId('onnx-views').getByText('no patch tokens').waitFor({ timeout: 60_000 })
    await byTestId('onnx-import').click()
    await useImported()
    await app.page.getByRole('link', { name: 'Library' }).click()
    await byTestId('tile').first().dblclick()
    await app.page.getByText('it can be searched and mapped with, and not looked into').first().waitFor({ timeout: 60_000 })
    expect(await byTestId('size').getByRole('radio').allInnerTexts()).toEqual(['224', 'Crop'])
    await shoot('onnx vector')
    await app.page.getByRole('link', { name: 'Segments' }).click()
    await app.page.getByText('conv-vector gives one vector of each picture').waitFor()
    expect(app.complaints).toEqual([])
  })
})
