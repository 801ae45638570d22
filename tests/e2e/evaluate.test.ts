/** @file Models scored on class folders in the browser: two sets of pictures, tables that stay, a score opened, an export. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startApp, type App } from './support/app'

const shots = process.env['DINOSCOPE_SHOTS']
const edge = 64
/** What a picture of each class shows, by the pixel's place and a shift of its own. */
const classes: Readonly<Record<string, (x: number, y: number, shift: number) => boolean>> = {
  columns: (x, _y, shift) => (x + shift) % 8 < 4,
  dots: (x, y, shift) => (x + shift) % 8 < 4 && (y + 3 * shift) % 8 < 4,
  rows: (_x, y, shift) => (y + shift) % 8 < 4,
}

let app: App

/** Patterns in colours that say nothing. */
async function makePictures(folder: string, count: number, first: number): Promise<void> {
  for (const [name, shows] of Object.entries(classes)) {
    await mkdir(join(folder, name), { recursive: true })
    for (let index = first; index < first + count; index++) {
      const colours = [(77 * index) % 200, (131 * index) % 200, (53 * index) % 200]
      const rgb = Buffer.alloc(3 * edge * edge)
      for (let pixel = 0; pixel < edge * edge; pixel++) rgb.set(colours.map((value) => value + (shows(pixel % edge, Math.floor(pixel / edge), index) ? 55 : 0)), 3 * pixel)
      await writeFile(join(folder, name, `${index}.png`), await sharp(rgb, { raw: { width: edge, height: edge, channels: 3 } }).png().toBuffer())
    }
  }
}

const byTestId = (id: string) => app.page.getByTestId(id)
const button = (name: string | RegExp) => byTestId('evaluation').getByRole('button', { name })
const shoot = async (name: string): Promise<void> => {
  if (shots === undefined) return
  await byTestId('evaluation').scrollIntoViewIfNeeded()
  await byTestId('evaluation').screenshot({ path: join(shots, `${name}.png`) })
}
interface Stored {
  readonly features: { readonly kind: string }
  readonly method: { readonly kind: string }
  readonly figures: readonly { readonly value: number; readonly error: number }[]
}
/** What the workspace keeps. */
const stored = async (): Promise<readonly Stored[]> => {
  const folder = join(app.scratch, 'workspace', 'evaluations')
  return Promise.all((await readdir(folder)).map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8')) as Stored))
}
const evaluate = async (): Promise<void> => {
  await button('Evaluate').click()
  await byTestId('evaluation-last').waitFor({ timeout: 90_000 })
}

beforeAll(async () => {
  app = await startApp()
  await makePictures(join(app.scratch, 'train'), 10, 0)
  await makePictures(join(app.scratch, 'test'), 3, 40)
  await app.page.getByRole('link', { name: 'Models', exact: true }).click()
})
afterAll(async () => { await app.stop() })

describe('evaluation', () => {
  it('says what class folders are, and takes one from the picker', async () => {
    expect(await byTestId('evaluation-empty').textContent()).toContain('one sub-folder for each class')
    expect(await button('Evaluate').isDisabled()).toBe(true)
    await button('Choose…').first().click()
    const dialog = app.page.getByRole('dialog', { name: 'Choose class folders' })
    await dialog.getByRole('textbox').fill(join(app.scratch, 'train'))
    await dialog.getByRole('button', { name: 'Use this folder' }).click()
    expect(await byTestId('evaluation-folder').inputValue()).toBe(join(app.scratch, 'train'))
    await shoot('evaluation-empty')
  })

  it('scores every model and raw pixels by every protocol', async () => {
    await byTestId('evaluation-test').fill(join(app.scratch, 'test'))
    await evaluate()
    expect(await byTestId('evaluation-last').textContent()).toContain('6 scores kept')
    expect(await byTestId('evaluation-group').getByRole('heading').allTextContents()).toEqual(['train → test'])
    expect(await byTestId('evaluation-group').getByRole('columnheader').allTextContents()).toEqual(['Features', 'k-NN, k = 5, top-1', 'Linear probe, top-1', 'Retrieval, mAP'])
    const pixels = byTestId('evaluation-row').filter({ hasText: 'Raw pixels' })
    const kept = (await stored()).filter(({ features }) => features.kind === 'pixels')
    const shown = ['knn', 'linear', 'retrieval'].map((kind) => kept.find(({ method }) => method.kind === kind)!.figures[0]!).map(({ value, error }) => `${(100 * value).toFixed(1)} % ± ${(100 * error).toFixed(1)}`)
    expect((await pixels.getByRole('button').allTextContents()).map((text) => text.trim())).toEqual(shown)
    await pixels.getByRole('button').nth(2).click()
    const detail = await byTestId('evaluation-detail').textContent()
    for (const words of ['mAP by trapezoids', 'Recall@10', 'columns', 'dots', 'rows', '9 pictures tested against 30']) expect(detail).toContain(words)
    await pixels.getByRole('button').first().click()
    expect(await byTestId('evaluation-detail').textContent()).toContain('k = 5; tested on the second folder')
    await shoot('evaluation-two-folders')
  })

  it('keeps what was scored on other pictures apart, also after the page is opened anew', async () => {
    await byTestId('evaluation-test').fill('')
    await byTestId('evaluation-limit').fill('8')
    await byTestId('evaluation-limit').press('Tab')
    await evaluate()
    await byTestId('evaluation-group').nth(1).waitFor()
    await app.page.reload()
    await app.page.getByRole('link', { name: 'Models', exact: true }).click()
    await byTestId('evaluation-group').nth(1).waitFor()
    expect(await byTestId('evaluation-folder').inputValue()).toContain('train')
    expect(await byTestId('evaluation-group').getByRole('heading').allTextContents()).toEqual(['train', 'train → test'])
    expect(await byTestId('evaluation-group').first().textContent()).toContain('3 classes · 24 pictures')
    await shoot('evaluation-two-sets')
  })

  it('is written as tables, and removed when it is asked twice', async () => {
    const first = byTestId('evaluation-group').first()
    await first.getByRole('button', { name: 'CSV' }).click()
    const link = first.getByRole('link', { name: /evaluations\.csv/ })
    const [download] = await Promise.all([app.page.waitForEvent('download'), link.click()])
    const text = await new Response(new Uint8Array(await (await download.createReadStream()).toArray().then((chunks) => Buffer.concat(chunks as Buffer[])))).text()
    expect(text.split('\n')[0]).toContain('features,sha256,pooling,protocol')
    expect(text).toContain('leave-one-out')
    await first.getByRole('button', { name: 'Remove the results of train' }).click()
    await first.getByRole('button', { name: 'Remove', exact: true }).click()
    await byTestId('evaluation-group').nth(1).waitFor({ state: 'detached' })
    expect(await byTestId('evaluation-group').getByRole('heading').allTextContents()).toEqual(['train → test'])
    expect(app.complaints).toEqual([])
  })
})
