/** @file Two models over the sample photos: their figures in words, the pictures that changed most, both looks pointed at together, and one backbone in two formats. */
import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { importModel, openFolder, root, startApp, type App } from './support/app'

const names = ['astronaut', 'cat', 'coffee', 'galaxies', 'raccoon', 'rocket']
const crops = 4
const pictures = names.length * crops
const golden = join(root, 'tests', 'fixtures', 'goldens', 'vit', 'dinov2-p14', 'weights.pth')
const shots = process.env['DINOSCOPE_SHOTS']

let app: App

const byTestId = (id: string) => app.page.getByTestId(id)
const shoot = async (name: string): Promise<void> => {
  if (shots !== undefined) await app.page.screenshot({ path: join(shots, `${name}.png`) })
}
const goTo = (screen: string): Promise<void> => app.page.getByRole('link', { name: screen, exact: true }).click()
const card = (name: string) => byTestId('model-card').filter({ hasText: name })
const selected = () => byTestId('changed-list').getByRole('option', { selected: true })
const overlays = () => byTestId('compare-stage').getByTestId('match-overlay')

/** Crops of each sample in a folder of its own. */
async function writePhotos(folder: string): Promise<void> {
  for (const name of names) {
    await mkdir(join(folder, name), { recursive: true })
    for (let crop = 0; crop < crops; crop++) {
      const square = sharp(join(root, 'resources', 'samples', `${name}.jpg`)).resize(360, 360, { fit: 'cover' })
      await writeFile(join(folder, name, `${name} ${crop + 1}.jpg`), await square.extract({ left: 40 * (crop % 2), top: 30 * Math.floor(crop / 2), width: 300, height: 300 }).jpeg({ quality: 90 }).toBuffer())
    }
  }
}

beforeAll(async () => {
  app = await startApp()
  await writePhotos(join(app.scratch, 'photos'))
  await openFolder(app.page, join(app.scratch, 'photos'))
  await byTestId('scan').waitFor({ state: 'detached', timeout: 60_000 })
})
afterAll(async () => { await app.stop() })

describe('two models', () => {
  it('are wanted where there is only one', async () => {
    await goTo('Compare')
    await app.page.getByText('There is only one model so far').waitFor()
  })

  it('are chosen on the Models page, embedded and compared, each number with what it means', async () => {
    await importModel(app.page, golden)
    await card('dinov2-p14').getByRole('button', { name: 'Compare dinov2-p14 with…' }).click()
    await app.page.getByRole('menuitem', { name: 'Compare with DinoScope mini' }).click()
    expect(app.page.url()).toMatch(/#\/compare\?a=dinoscope-mini&b=/)
    await app.page.getByText(`${pictures} pictures have no vectors of DinoScope mini yet; they are embedded first.`).waitFor()
    await byTestId('compare-run').click()
    await byTestId('compare-figures').waitFor({ timeout: 60_000 })
    expect(await byTestId('compare-verdict').textContent()).toMatch(/Two models that .*24 pictures/)
    expect(Number(await byTestId('compare-cka').locator('.figure-value').textContent())).toBeGreaterThan(0.1)
    expect(await byTestId('compare-overlap').textContent()).toMatch(/\d+ %Of the 10 nearest of a picture, \d\.\d are nearest by both; chance would give 43 %\./)
    expect(await byTestId('compare-accuracy').textContent()).toMatch(/\d+ % → \d+ %.*by the 20 nearest others; 6 folders, the largest alone 17 %\./)
  })

  it('list what changed most, through which the arrow keys move', async () => {
    const kept = await byTestId('changed-item').locator('.changed-value').allTextContents()
    expect(kept.map((text) => parseInt(text, 10)).every((value, place, all) => place === 0 || value >= all[place - 1]!)).toBe(true)
    const first = await selected().textContent()
    await app.page.keyboard.press('ArrowDown')
    await expect.poll(() => selected().textContent()).not.toBe(first)
    await app.page.keyboard.press('ArrowUp')
    await expect.poll(() => selected().textContent()).toBe(first)
    // Its overlap is what is marked in both lists.
    await byTestId('neighbours-a').waitFor()
    const marked = async (side: 'a' | 'b'): Promise<number> => byTestId(`neighbours-${side}`).locator('[data-both="true"]').count()
    expect([await marked('a'), await marked('b')]).toEqual([parseInt(kept[0]!, 10) / 10, parseInt(kept[0]!, 10) / 10])
    await expect.poll(() => overlays().count(), { timeout: 30_000 }).toBe(2)
    await shoot('compare attention')
  })

  it('colour the picture alike, and are pointed at in both looks at once', async () => {
    await app.page.keyboard.press('3')
    await byTestId('compare-note').getByText(/the components agree to 0\.\d\d/).waitFor()
    await expect.poll(() => overlays().count()).toBe(2)
    await shoot('compare colours')
    const box = (await byTestId('compare-a').locator('.side-overlay').boundingBox())!
    await app.page.mouse.move(box.x + 0.4 * box.width, box.y + 0.4 * box.height)
    await expect.poll(() => byTestId('compare-stage').locator('.mark').count()).toBe(2)
    await app.page.mouse.click(box.x + 0.4 * box.width, box.y + 0.4 * box.height)
    await expect.poll(() => byTestId('compare-stage').locator('.query').count()).toBe(2)
    await expect.poll(() => overlays().count()).toBe(2)
    await byTestId('colour-bar').waitFor()
    await shoot('compare similarity')
    await app.page.mouse.move(5, 5)
    await app.page.keyboard.press('Escape')
    await expect.poll(() => byTestId('compare-stage').locator('.query').count()).toBe(0)
  })

  it('change sides without being compared anew', async () => {
    const accuracy = (await byTestId('compare-accuracy').locator('.figure-value').textContent())!.split(' → ')
    await app.page.keyboard.press('s')
    await byTestId('compare-model-a').getByText('dinov2-p14').waitFor()
    await expect.poll(() => byTestId('compare-accuracy').locator('.figure-value').textContent()).toBe(accuracy.reverse().join(' → '))
    expect(app.page.url()).toMatch(/b=dinoscope-mini$/)
  })

  it('are called the same where they are the same backbone as .pth and as ONNX, at once since nothing has to be embedded', async () => {
    const onnx = join(app.scratch, 'exported.onnx')
    await promisify(execFile)(process.execPath, [join(root, 'bin', 'dinoscope.mjs'), 'export', golden, '--to', onnx, '--workspace', join(app.scratch, 'elsewhere')])
    await importModel(app.page, onnx)
    await expect.poll(() => card('dinov2-p14').count(), { timeout: 30_000 }).toBe(2)
    await goTo('Compare')
    await byTestId('compare-model-b').click()
    await app.page.getByRole('menuitemradio', { name: /^dinov2-p14/ }).last().click()
    await byTestId('compare-verdict').getByText('The same model: the same weights, and the same vectors to the bit.').waitFor({ timeout: 30_000 })
    await app.page.getByText('No neighbours changed').waitFor()
    await shoot('compare same')
    expect(app.complaints).toEqual([])
  })
})
