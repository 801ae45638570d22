/** @file A few pictures named in the browser, the rest told by the model; patches too; taken back, kept, written. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openFolder, startApp, type App } from './support/app'

const pictures = 24
const edge = 256
const shots = process.env['DINOSCOPE_SHOTS']

let app: App

/** Even pictures are warm at the left and cold at the right; odd ones are cold all over. */
async function makePictures(folder: string): Promise<void> {
  await mkdir(folder)
  for (let index = 0; index < pictures; index++) {
    const rgb = Buffer.alloc(3 * edge * edge)
    for (let y = 0; y < edge; y++)
      for (let x = 0; x < edge; x++) rgb.set(index % 2 === 0 && x < 128 ? [220, 90 + ((x + index) % 7), 40] : [30 + index, 60 + ((y + index) % 7), 140], 3 * (y * edge + x))
    await writeFile(join(folder, `${String(index).padStart(2, '0')}.png`), await sharp(rgb, { raw: { width: edge, height: edge, channels: 3 } }).png().toBuffer())
  }
}

const byTestId = (id: string) => app.page.getByTestId(id)
const button = (name: string | RegExp) => app.page.getByRole('button', { name })
const shoot = async (name: string): Promise<void> => {
  if (shots !== undefined) await app.page.screenshot({ path: join(shots, `${name}.png`) })
}
const tile = (index: number) => byTestId('label-tile').and(app.page.locator(`[data-name="${String(index).padStart(2, '0')}.png"]`))
const named = (count: number) => byTestId('label-grid').locator('[data-labelled="true"]').nth(count - 1)
const addClass = async (name: string): Promise<void> => {
  await app.page.getByRole('textbox', { name: 'New class' }).fill(name)
  await app.page.keyboard.press('Enter')
  await app.page.getByRole('radio', { name: `Give ${name}` }).and(app.page.locator('[aria-checked="true"]')).waitFor()
}

beforeAll(async () => {
  app = await startApp()
  await makePictures(join(app.scratch, 'warm'))
  await openFolder(app.page, join(app.scratch, 'warm'))
  await byTestId('scan').waitFor({ state: 'detached', timeout: 60_000 })
  await app.page.getByRole('link', { name: 'Label' }).click()
})
afterAll(async () => { await app.stop() })

describe('labels by a few examples', () => {
  it('tell the rest of the pictures, and how often that is right', async () => {
    await button('Embed this folder…').click()
    await app.page.getByRole('dialog').getByRole('button', { name: 'Embed', exact: true }).click()
    await byTestId('embed-status').getByText(`${pictures} with patch tokens`).waitFor({ timeout: 90_000 })
    await app.page.keyboard.press('Escape')
    await button('Begin').click()
    await app.page.getByRole('radio', { name: 'As in the folder' }).click()
    await addClass('Warm')
    for (const index of [0, 2, 4]) await tile(index).click()
    await named(3).waitFor()
    await shoot('labels-one-class')
    await addClass('Cold')
    for (const index of [1, 3, 5]) await tile(index).click()
    await byTestId('label-accuracy').getByText('of 6 examples').waitFor({ timeout: 30_000 })
    await shoot('labels-pictures')
    expect(await byTestId('label-accuracy').textContent()).toContain('100 %')
    const told = await byTestId('label-tile').evaluateAll((tiles) => tiles.map((one) => one.getAttribute('aria-label') ?? ''))
    const [warm, cold] = [0, 1].map((first) => new Set(told.filter((_, index) => index % 2 === first).map((label) => label.replace(/^\d+\.png, /, '').replace(/[\d.,]+\s?%/, ''))))
    expect([...warm!].filter((note) => cold!.has(note))).toEqual([])
  })

  it('take a name back, and are there again after the page is opened anew', async () => {
    await button('Undo').click()
    await byTestId('label-accuracy').getByText('of 5 examples').waitFor({ timeout: 30_000 })
    await app.page.reload()
    await app.page.getByRole('link', { name: 'Label' }).click()
    await byTestId('label-accuracy').getByText('of 5 examples').waitFor({ timeout: 60_000 })
  })

  it('are written as a table and as a head', async () => {
    await button('CSV').click()
    await button(/\.csv/).or(app.page.getByText(/\.csv/)).first().waitFor({ timeout: 30_000 })
    await button('ONNX head').click()
    await app.page.getByText(/\.onnx/).first().waitFor({ timeout: 30_000 })
    await shoot('labels-written')
  })

  it('tell patches too, once a few are brushed', async () => {
    await app.page.getByRole('radio', { name: 'Patches' }).click()
    await app.page.getByRole('radio', { name: 'As in the folder' }).click()
    for (const [name, x] of [['Warm', 0.2], ['Cold', 0.8]] as const) {
      await app.page.getByRole('radio', { name: `Give ${name}` }).click()
      for (const index of [0, 2]) {
        const box = (await byTestId('patch-tile').and(app.page.locator(`[data-name="${String(index).padStart(2, '0')}.png"]`)).boundingBox())!
        await app.page.mouse.move(box.x + box.width * x, box.y + box.height * 0.3)
        await app.page.mouse.down()
        await app.page.mouse.move(box.x + box.width * x, box.y + box.height * 0.7, { steps: 6 })
        await app.page.mouse.up()
      }
    }
    await byTestId('label-accuracy').getByText('of 28 examples').waitFor({ timeout: 30_000 })
    expect(await byTestId('label-accuracy').textContent()).toContain('100 %')
    await shoot('labels-patches')
    expect(app.complaints).toEqual([])
  })
})
