/** @file The main job, as a newcomer does it: open a folder, click a picture, look, bring in another model, look again. */
import { cp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { importModel, nextOverlay, openFolder, overlay, root, startApp, type App } from './support/app'

let app: App
let folder: string
beforeAll(async () => {
  app = await startApp()
  folder = join(app.scratch, 'Fotos und Bilder')
  await cp(join(root, 'resources', 'samples'), folder, { recursive: true })
})
afterAll(async () => { await app.stop() })

const tile = (name: string) => app.page.getByTestId('tile').filter({ hasText: name })

/** Clicks a point of the overlay given in fractions of its size. */
async function clickOverlay(x: number, y: number): Promise<void> {
  const box = await overlay(app.page).boundingBox()
  if (box === null) throw new Error('there is no overlay to click')
  await app.page.mouse.click(box.x + x * box.width, box.y + y * box.height)
}

describe('looking at a folder of photos', () => {
  it('lets a typed path take the place of the proposed one', async () => {
    await app.page.getByRole('button', { name: 'Open folder…' }).click()
    const dialog = app.page.getByRole('dialog')
    const path = dialog.getByRole('textbox')
    await expect.poll(async () => path.inputValue()).not.toBe('')
    await app.page.keyboard.insertText(folder)
    expect(await path.inputValue()).toBe(folder)
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    await dialog.waitFor({ state: 'hidden' })
    // Opened again it proposes anew: what is typed now is told from what was left.
    await app.page.getByRole('button', { name: 'Open folder…' }).click()
    expect(await path.inputValue()).not.toBe(folder)
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    await dialog.waitFor({ state: 'hidden' })
  })

  it('shows the folder’s pictures', async () => {
    await openFolder(app.page, folder)
    await tile('raccoon.jpg').locator('img[data-loaded=true]').waitFor()
    expect(await app.page.getByTestId('image-count').textContent()).toContain('6 images')
  })

  it('shows attention that differs from head to head', async () => {
    await tile('cat.jpg').dblclick()
    const mean = await nextOverlay(app.page)
    await app.page.locator('[data-testid=head][data-head="0"]').click()
    const first = await nextOverlay(app.page, mean)
    await app.page.locator('[data-testid=head][data-head="1"]').click()
    const second = await nextOverlay(app.page, first)
    expect(new Set([mean, first, second]).size).toBe(3)
  })

  it('shows the attention of a clicked patch, and of CLS again', async () => {
    const cls = await nextOverlay(app.page)
    await clickOverlay(0.3, 0.4)
    const patch = await nextOverlay(app.page, cls)
    await app.page.keyboard.press('c')
    expect(await nextOverlay(app.page, patch)).toBe(cls)
  })

  it('keeps only the strongest part of the attention when asked', async () => {
    const whole = await nextOverlay(app.page)
    const slider = app.page.getByRole('slider', { name: 'Attention mass kept' })
    await slider.focus()
    await slider.press('PageDown')
    const part = await nextOverlay(app.page, whole)
    await slider.press('End')
    expect(await nextOverlay(app.page, part)).toBe(whole)
  })

  it('shows PCA colours, of the foreground or of everything', async () => {
    const attention = await nextOverlay(app.page)
    await app.page.getByRole('tab', { name: 'PCA' }).click()
    const foreground = await nextOverlay(app.page, attention)
    await app.page.getByRole('switch', { name: 'Foreground only' }).click()
    expect(await nextOverlay(app.page, foreground)).not.toBe(attention)
  })

  it('shows the similarity to the clicked patch', async () => {
    await app.page.getByRole('tab', { name: 'Similarity' }).click()
    await overlay(app.page).waitFor({ state: 'attached' })
    await clickOverlay(0.25, 0.25)
    const first = await nextOverlay(app.page)
    await clickOverlay(0.8, 0.7)
    await nextOverlay(app.page, first)
  })

  it('tells patch and value under the pointer', async () => {
    const box = await overlay(app.page).boundingBox()
    await app.page.mouse.move(box!.x + box!.width / 2, box!.y + box!.height / 2)
    expect(await app.page.getByText(/row \d+, column \d+/).last().textContent()).toMatch(/row \d+, column \d+/)
  })

  it('hides the overlay while H is held', async () => {
    await app.page.keyboard.down('h')
    await overlay(app.page).waitFor({ state: 'hidden' })
    await app.page.keyboard.up('h')
    await overlay(app.page).waitFor({ state: 'visible' })
  })

  it('looks at another resolution', async () => {
    await app.page.getByRole('tab', { name: 'Attention' }).click()
    const before = await nextOverlay(app.page)
    await app.page.getByTestId('size').getByRole('radio', { name: '224' }).click()
    await nextOverlay(app.page, before)
    expect(await app.page.getByTestId('info').textContent()).toContain('42 × 28')
  })

  it('moves through the folder with the arrow keys', async () => {
    const cat = await nextOverlay(app.page)
    await app.page.keyboard.press('ArrowRight')
    const coffee = await nextOverlay(app.page, cat)
    expect(await app.page.getByTestId('position').textContent()).toBe('3 of 6')
    await app.page.keyboard.press('ArrowLeft')
    expect(await nextOverlay(app.page, coffee)).toBe(cat)
    expect(await app.page.getByTestId('position').textContent()).toBe('2 of 6')
  })

  it('saves the view as a PNG with picture and overlay', async () => {
    const [download] = await Promise.all([app.page.waitForEvent('download'), app.page.getByTestId('save-view').click()])
    expect(download.suggestedFilename()).toMatch(/^cat.*\.png$/)
    const saved = await readFile(await download.path())
    const { width, height, format } = await sharp(saved).metadata()
    const { isOpaque, channels } = await sharp(saved).stats()
    expect({ format, ratio: (width / height).toFixed(2), isOpaque }).toEqual({ format: 'png', ratio: (451 / 300).toFixed(2), isOpaque: true })
    expect(channels[0]!.stdev).toBeGreaterThan(10)
  })

  it('gives other results with an imported model', async () => {
    const untrained = await nextOverlay(app.page)
    await importModel(app.page, join(root, 'tests', 'fixtures', 'goldens', 'vit', 'dinov2-p14'))
    const imported = app.page.locator('[data-model-id=dinov2-p14]')
    await imported.waitFor()
    const use = imported.getByRole('button', { name: 'Use this model' })
    if (await use.isVisible()) await use.click()
    await app.page.getByRole('link', { name: 'Library' }).click()
    await tile('cat.jpg').dblclick()
    await nextOverlay(app.page, untrained)
    expect(await app.page.getByTestId('inspector-model-picker').textContent()).toContain('dinov2-p14')
    // The golden model has two heads, the demo three.
    expect(await app.page.getByTestId('head').count()).toBe(3)
  })

  it('has left no complaint in the console', () => {
    expect(app.complaints).toEqual([])
  })
})
