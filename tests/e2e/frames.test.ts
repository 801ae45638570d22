/** @file A film: something is marked on its first frame, by hand or by its segments, followed through the others, played, and written out. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openFolder, startApp, type App } from './support/app'

const frames = 8
const [width, height, size, pace] = [336, 224, 80, 16]
const shots = process.env['DINOSCOPE_SHOTS']

let app: App

const byTestId = (id: string) => app.page.getByTestId(id)
const button = (name: string | RegExp) => app.page.getByRole('button', { name })
const shoot = async (name: string): Promise<void> => {
  if (shots !== undefined) await app.page.screenshot({ path: join(shots, `${name}.png`) })
}
/** Where the warm square lies in frame `index`: inside what the model sees when it embeds the frame, the middle 196 pixels. */
const square = (index: number) => ({ left: 72 + pace * index, top: 72, size })

/** A warm square that goes to the right over cold, uneven ground. */
async function makeFrames(folder: string): Promise<void> {
  await mkdir(folder)
  for (let index = 0; index < frames; index++) {
    const { left, top } = square(index)
    const rgb = Buffer.alloc(3 * width * height)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const isInside = x >= left && x < left + size && y >= top && y < top + size
        const uneven = ((x - (isInside ? left : 0)) * 7 + y * 13) % 11
        rgb.set(isInside ? [225 - 2 * uneven, 90 + uneven, 40] : [30, 70 + uneven, 140 - uneven], 3 * (y * width + x))
      }
    // Named so that only their numbers put them in order.
    await writeFile(join(folder, `frame ${index + 5}.png`), await sharp(rgb, { raw: { width, height, channels: 3 } }).png().toBuffer())
  }
}

/** Share of the square that is labelled, and of the labels that lie in it, in the frame that is shown. */
async function agreement(index: number): Promise<number> {
  const { lit, across } = await byTestId('frame-labels').evaluate((canvas: HTMLCanvasElement) => {
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height)
    return { lit: Array.from({ length: data.length / 4 }, (_, patch) => data[4 * patch + 3]! > 0), across: canvas.width }
  })
  const patch = width / across
  const { left, top } = square(index)
  const inside = (place: number, start: number): boolean => place >= start && place < start + size
  let both = 0
  let either = 0
  lit.forEach((isLit, cell) => {
    const isTrue = inside(((cell % across) + 0.5) * patch, left) && inside((Math.floor(cell / across) + 0.5) * patch, top)
    if (isLit && isTrue) both++
    if (isLit || isTrue) either++
  })
  return both / either
}

beforeAll(async () => {
  app = await startApp()
  await makeFrames(join(app.scratch, 'film'))
  await openFolder(app.page, join(app.scratch, 'film'))
  await byTestId('scan').waitFor({ state: 'detached', timeout: 60_000 })
  await app.page.getByRole('link', { name: 'Frames' }).click()
  await app.page.getByRole('radio', { name: '224' }).click()
  await byTestId('frame-labels').waitFor({ timeout: 30_000 })
})
afterAll(async () => { await app.stop() })

describe('a film', () => {
  it('is in the order of its numbers', async () => {
    expect(await byTestId('frame-count').textContent()).toBe(`1 of ${frames}`)
    expect(await byTestId('frame').locator('img').getAttribute('alt')).toBe('frame 5.png')
  })

  it('is marked on its first frame with a brush, which can be taken back', async () => {
    const box = (await byTestId('frame').locator('img').boundingBox())!
    const at = (x: number, y: number): [number, number] => [box.x + (x / width) * box.width, box.y + (y / height) * box.height]
    const { left, top } = square(0)
    /** To and fro over the square, a patch away from its edges. */
    const mark = async (): Promise<void> => {
      await app.page.mouse.move(...at(left + 12, top + 12))
      await app.page.mouse.down()
      for (const y of [12, 28, 44, 60, 68]) for (const x of y % 32 === 12 ? [12, 68] : [68, 12]) await app.page.mouse.move(...at(left + x, top + y), { steps: 8 })
      await app.page.mouse.up()
    }
    await mark()
    const marked = await agreement(0)
    await app.page.keyboard.press('Control+z')
    expect(await agreement(0)).toBe(0)
    await mark()
    expect(await agreement(0)).toBe(marked)
    expect(marked).toBeGreaterThan(0.8)
    await shoot('frames marked')
  })

  it('has what was marked followed to its last frame', async () => {
    await byTestId('propagate').click()
    await byTestId('frames-done').waitFor({ timeout: 90_000 })
    expect(await byTestId('frames-done').textContent()).toContain(`${frames} frames done`)
    for (let step = 1; step < frames; step++) await app.page.keyboard.press('ArrowRight')
    expect(await byTestId('frame-count').textContent()).toBe(`${frames} of ${frames}`)
    await app.page.waitForTimeout(200)
    expect(await agreement(frames - 1)).toBeGreaterThan(0.7)
    await shoot('frames last')
  })

  it('is written as masks in one file', async () => {
    await button('Masks').click()
    const file = byTestId('exported-files').getByRole('link').first()
    await file.waitFor({ timeout: 30_000 })
    const [download] = await Promise.all([app.page.waitForEvent('download'), file.click()])
    expect(download.suggestedFilename()).toMatch(/\.zip$/)
  })

  it('asks for segments where there are none', async () => {
    await app.page.keyboard.press('Home')
    await app.page.getByRole('radio', { name: 'Segments' }).click()
    await byTestId('no-segments').waitFor()
    expect(await byTestId('propagate').isDisabled()).toBe(true)
    await shoot('frames without segments')
    await button('Find segments first').click()
    await button('Embed this folder…').click()
    await app.page.getByRole('dialog').getByRole('button', { name: 'Embed', exact: true }).click()
    await byTestId('embed-status').getByText(`${frames} with patch tokens`).waitFor({ timeout: 60_000 })
    await app.page.keyboard.press('Escape')
    await app.page.getByRole('radio', { name: 'As many as I say' }).click()
    await app.page.getByRole('slider', { name: 'Segments' }).press('Home')
    await byTestId('find-segments').click()
    await byTestId('segment').nth(1).waitFor({ timeout: 60_000 })
  })

  it('is marked by a segment, seen before the run in the colour that it keeps, and followed to its last frame', async () => {
    await app.page.getByRole('link', { name: 'Frames' }).click()
    const ticks = byTestId('first-segments').getByRole('checkbox')
    await ticks.nth(1).waitFor({ timeout: 30_000 })
    expect([await ticks.count(), await ticks.nth(0).isChecked(), await ticks.nth(1).isChecked()]).toEqual([2, true, true])
    await shoot('frames segments')
    // The larger one is the ground.
    await ticks.nth(0).uncheck()
    expect(await agreement(0)).toBeGreaterThan(0.6)
    const swatch = await byTestId('first-segments').getByRole('listitem').nth(1).locator('.tick-colour').evaluate((dot) => getComputedStyle(dot).backgroundColor)
    const shown = () =>
      byTestId('frame-labels').evaluate((canvas: HTMLCanvasElement) => {
        const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height)
        const lit = Array.from({ length: data.length / 4 }, (_, patch) => data.slice(4 * patch, 4 * patch + 4)).filter((pixel) => pixel[3]! > 0)
        return [...new Set(lit.map(([red, green, blue]) => `rgb(${red}, ${green}, ${blue})`))]
      })
    expect(await shown()).toEqual([swatch])
    await byTestId('propagate').click()
    await byTestId('frames-done').waitFor({ timeout: 90_000 })
    for (let step = 1; step < frames; step++) await app.page.keyboard.press('ArrowRight')
    await app.page.waitForTimeout(200)
    expect(await agreement(frames - 1)).toBeGreaterThan(0.6)
    expect(await shown()).toEqual([swatch])
    await shoot('frames segment followed')
    expect(app.complaints).toEqual([])
  })
})
