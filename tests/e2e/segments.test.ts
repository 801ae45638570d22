/** @file Segments of a folder in the browser: found, named, found again in all pictures, divided, merged, taken back, kept, written as they are. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bytesAsSource } from '../../src/engine/weights/bytes/byte-source'
import { openZipArchive } from '../../src/engine/weights/pytorch/zip-archive'
import { openFolder, startApp, type App } from './support/app'
import { decodeRuns, factsOf } from './support/masks'

const pictures = 40
const edge = 256
/** Pixels of the model's evaluation crop, at which segments are told. */
const seen = 128
const shots = process.env['DINOSCOPE_SHOTS']

let app: App

/** Every third picture has no ember. */
const hasEmber = (index: number): boolean => index % 3 !== 0

/** Cold ground; an ember in most; a leaf on all. */
async function makePictures(folder: string): Promise<void> {
  await mkdir(folder)
  for (let index = 0; index < pictures; index++) {
    const ember = { left: 16 + 14 * (index % 7), top: 16 + 14 * (index % 5), size: 98 }
    const leaf = { left: 128, top: 156, size: 70 }
    const isIn = (x: number, y: number, { left, top, size }: typeof ember): boolean => x >= left && x < left + size && y >= top && y < top + size
    const rgb = Buffer.alloc(3 * edge * edge)
    for (let y = 0; y < edge; y++)
      for (let x = 0; x < edge; x++) {
        const uneven = (x * 5 + y * 3 + index) % 7
        const colour = hasEmber(index) && isIn(x, y, ember) ? [225, 90 + uneven, 40] : isIn(x, y, leaf) ? [60, 170 - uneven, 60] : [30, 60 + uneven, 130]
        rgb.set(colour, 3 * (y * edge + x))
      }
    await writeFile(join(folder, `${String(index).padStart(2, '0')}.png`), await sharp(rgb, { raw: { width: edge, height: edge, channels: 3 } }).png().toBuffer())
  }
}

const byTestId = (id: string) => app.page.getByTestId(id)
const button = (name: string | RegExp) => app.page.getByRole('button', { name })
const shoot = async (name: string): Promise<void> => {
  if (shots !== undefined) await app.page.screenshot({ path: join(shots, `${name}.png`) })
}
const tile = (index: number) => byTestId('patch-tile').and(app.page.locator(`[data-name="${String(index).padStart(2, '0')}.png"]`))
const named = (name: string) => byTestId('segment').filter({ has: app.page.getByRole('button', { name, exact: true }) })

beforeAll(async () => {
  app = await startApp()
  await makePictures(join(app.scratch, 'embers'))
  await openFolder(app.page, join(app.scratch, 'embers'))
  await byTestId('scan').waitFor({ state: 'detached', timeout: 60_000 })
  await app.page.getByRole('link', { name: 'Segments' }).click()
})
afterAll(async () => { await app.stop() })

describe('segments of a folder', () => {
  it('ask for patch tokens first, and are found', async () => {
    await button('Embed this folder…').click()
    await app.page.getByRole('dialog').getByRole('button', { name: 'Embed', exact: true }).click()
    await byTestId('embed-status').getByText(`${pictures} with patch tokens`).waitFor({ timeout: 90_000 })
    await app.page.keyboard.press('Escape')
    await app.page.getByRole('radio', { name: 'As many as I say' }).click()
    await app.page.getByRole('slider', { name: 'Segments' }).press('Home')
    for (let step = 0; step < 1; step++) await app.page.keyboard.press('ArrowRight')
    await byTestId('find-segments').click()
    await byTestId('segment').nth(2).waitFor({ timeout: 60_000 })
    expect(await byTestId('segment').count()).toBe(3)
    expect(await byTestId('segment-facts').textContent()).toContain('adjusted Rand index')
    await app.page.waitForTimeout(500)
    await shoot('segments')
  })

  it('lie exactly over the part of the picture that the model saw', async () => {
    const shade = (await tile(1).boundingBox())!
    const picture = (await app.page.getByTestId('segment-grid').getByAltText('01.png').boundingBox())!
    // The middle 224 of 256 pixels.
    const scale = shade.width / 224
    expect(picture.width).toBeCloseTo(edge * scale, 0)
    expect([shade.x - picture.x, shade.y - picture.y].every((inset) => Math.abs(inset - 16 * scale) < 1)).toBe(true)
  })

  it('are looked at by a click on one in a picture, renamed, and found in the right pictures', async () => {
    const box = (await tile(1).boundingBox())!
    // The middle of the ember in picture 1: (16 + 14 + 49 − 16) / 224 across, as far down.
    await app.page.mouse.click(box.x + (63 / 224) * box.width, box.y + (63 / 224) * box.height)
    await byTestId('segment-title').getByText('most of it first').waitFor()
    const open = app.page.locator('[data-testid=segment][data-open=true]')
    await open.getByTitle('Rename').click()
    await app.page.getByRole('textbox', { name: 'Name' }).fill('Ember')
    await app.page.keyboard.press('Enter')
    await byTestId('segment-title').getByText('“Ember”').waitFor()
    // What it is, by the patches nearest to its middle.
    await byTestId('typical-patches').getByText('Most typical of “Ember”').waitFor()
    expect(await byTestId('typical-patches').getByRole('button').count()).toBe(8)
    await button('Select them').click()
    const found = Number.parseInt((await byTestId('selection-bar').textContent()) ?? '', 10)
    // Patches at the edge of a leaf may look like an ember's; those with an ember come first.
    const names = await byTestId('patch-tile').evaluateAll((tiles) => tiles.map((one) => Number.parseInt(one.getAttribute('data-name') ?? '', 10)))
    const expected = Array.from({ length: pictures }, (_, index) => index).filter(hasEmber)
    expect(found).toBeGreaterThanOrEqual(expected.length)
    const first = names.slice(0, Math.min(names.length, expected.length))
    expect(first.every(hasEmber)).toBe(true)
    await shoot('segments ember')
    // Escape leaves the listing before the selection.
    await app.page.keyboard.press('Escape')
    await byTestId('segment-title').getByText(`${pictures} pictures`).waitFor()
    expect(await byTestId('selection-bar').count()).toBe(1)
    await app.page.keyboard.press('Escape')
    await byTestId('selection-bar').waitFor({ state: 'detached' })
  })

  it('stay in place for a double-click, which opens the picture that was clicked', async () => {
    await app.page.waitForTimeout(600)
    const box = (await tile(5).boundingBox())!
    // On the ground, which every picture has: the first click would put another picture here.
    const at = [box.x + 0.96 * box.width, box.y + 0.06 * box.height] as const
    await app.page.mouse.click(...at)
    await app.page.waitForTimeout(300)
    await app.page.mouse.down({ clickCount: 2 })
    await app.page.mouse.up({ clickCount: 2 })
    await app.page.waitForURL(/inspect/)
    await app.page.getByRole('img', { name: '05.png' }).first().waitFor()
    await app.page.goBack()
    await tile(5).waitFor()
    expect(await app.page.locator('[data-testid=segment][data-open=true]').count()).toBe(0)
  })

  it('are divided in as many as one says, and what was done last is taken back first', async () => {
    await app.page.waitForTimeout(300)
    await button('Divide Ember').click()
    await app.page.getByRole('menuitem', { name: 'Into 4 parts' }).click()
    await byTestId('segment').nth(5).waitFor()
    expect(await byTestId('segment').count()).toBe(6)
    await app.page.keyboard.press('Control+z')
    await byTestId('segment').nth(3).waitFor({ state: 'detached' })
    // A selection after the change: it goes first, the change before it then.
    const name = byTestId('segment').first().getByTitle('Rename')
    const before = (await name.textContent())!
    await name.click()
    await app.page.getByRole('textbox', { name: 'Name' }).fill('Ground')
    await app.page.keyboard.press('Enter')
    await named('Ground').locator('.segment-facts').click()
    await button('Select them').click()
    await byTestId('selection-bar').waitFor()
    await app.page.keyboard.press('Control+z')
    await byTestId('selection-bar').waitFor({ state: 'detached' })
    expect(await named('Ground').count()).toBe(1)
    await app.page.keyboard.press('Control+z')
    await named(before).waitFor()
    await app.page.keyboard.press('Escape')
  })

  it('are merged, taken back, and kept under their names over a reload', async () => {
    const others = byTestId('segment').filter({ hasNot: app.page.getByRole('button', { name: 'Ember', exact: true }) })
    await others.nth(0).getByRole('checkbox').check()
    await others.nth(1).getByRole('checkbox').check()
    await button('Merge 2').click()
    await byTestId('segment').nth(2).waitFor({ state: 'detached' })
    await app.page.keyboard.press('Control+z')
    await byTestId('segment').nth(2).waitFor()
    await app.page.reload()
    await app.page.getByRole('link', { name: 'Segments' }).click()
    await named('Ember').waitFor({ timeout: 60_000 })
    expect(await byTestId('segment').count()).toBe(3)
  })

  it('become coarser by the slider, at the edges of the picture where one wants', async () => {
    await app.page.getByRole('slider', { name: 'Fine or coarse' }).press('ArrowLeft')
    await byTestId('segment').nth(2).waitFor({ state: 'detached' })
    await app.page.getByRole('slider', { name: 'Fine or coarse' }).press('End')
    await app.page.getByRole('radio', { name: 'Guided' }).click()
    const shadeWidth = (): Promise<number> => tile(1).evaluate((canvas: HTMLCanvasElement) => canvas.width)
    await expect.poll(shadeWidth, { timeout: 30_000 }).toBe(seen)
    await shoot('segments guided')
    await app.page.keyboard.press('r')
    await expect.poll(shadeWidth).toBe(16)
  })

  /** Files of what is written by a button, by name; archives are opened. */
  const written = async (name: string): Promise<ReadonlyMap<string, Buffer>> => {
    await button(name).click()
    const expected = { Masks: 'masks.zip', COCO: 'segments.coco.json', CSV: 'segments.csv' }[name]!
    await byTestId('exported-files').getByText(expected).waitFor({ timeout: 60_000 })
    const [download] = await Promise.all([app.page.waitForEvent('download'), byTestId('exported-files').getByRole('link').first().click()])
    expect(download.suggestedFilename()).toBe(expected)
    const bytes = await readFile(await download.path())
    if (!expected.endsWith('.zip')) return new Map([[expected, bytes]])
    const archive = await openZipArchive(bytesAsSource(expected, bytes))
    return new Map(await Promise.all(archive.names.map(async (entry) => [entry, await archive.read(entry)] as const)))
  }

  it('are written as masks that say of a picture what the page says of it', async () => {
    const box = (await tile(1).boundingBox())!
    await app.page.mouse.click(box.x + (63 / 224) * box.width, box.y + (63 / 224) * box.height)
    const table = byTestId('measured-pictures').locator('[data-name="01.png"] tbody tr')
    await table.first().waitFor()
    await byTestId('typical-patches').waitFor()
    await app.page.waitForTimeout(700)
    await shoot('segments measured')
    const lines = await table.evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent)))
    const said = new Map(lines.map(([name, share, pieces, centre]) => [name!, { share: Number.parseFloat(share!), pieces: Number(pieces), centre: centre!.split(', ').map(Number) }]))
    const files = await written('Masks')
    expect(files.size).toBe(pictures + 1)
    const legend = JSON.parse(files.get('segments.json')!.toString()) as { segments: { name: string; segment: number; colour: number[] }[] }
    const { data, info } = await sharp(files.get('01.png.png')).removeAlpha().raw().toBuffer({ resolveWithObject: true })
    expect([info.width, info.height]).toEqual([seen, seen])
    const masks = new Map(legend.segments.map(({ name, colour }) => [name, Uint8Array.from({ length: seen * seen }, (_, pixel) => Number(colour.every((value, channel) => data[3 * pixel + channel] === value)))]))
    const coco = JSON.parse((await written('COCO')).get('segments.coco.json')!.toString()) as {
      images: { id: number; file_name: string }[]
      categories: { id: number; name: string }[]
      annotations: { image_id: number; category_id: number; area: number; segmentation: { size: [number, number]; counts: string } }[]
    }
    const image = coco.images.find(({ file_name }) => file_name === '01.png')!
    const annotations = coco.annotations.filter(({ image_id }) => image_id === image.id)
    expect(annotations.map(({ category_id }) => coco.categories.find(({ id }) => id === category_id)!.name).sort()).toEqual([...said.keys()].sort())
    for (const { category_id, area, segmentation } of annotations) {
      const { name } = coco.categories.find(({ id }) => id === category_id)!
      const mask = decodeRuns(segmentation.counts, ...segmentation.size)
      expect(Buffer.from(mask).equals(Buffer.from(masks.get(name)!)), name).toBe(true)
      const { share, pieces, centre } = factsOf(mask, ...segmentation.size)
      expect(area).toBe(Math.round(share * mask.length))
      const page = said.get(name)!
      expect({ name, pieces }).toEqual({ name, pieces: page.pieces })
      expect(Math.abs(100 * share - page.share), name).toBeLessThanOrEqual(0.0501)
      for (const axis of [0, 1] as const) expect(Math.abs(100 * centre[axis] - page.centre[axis]!), name).toBeLessThanOrEqual(0.501)
    }
    await app.page.keyboard.press('Escape')
  })

  it('are written as a table', async () => {
    const lines = (await written('CSV')).get('segments.csv')!.toString('utf8').trim().split('\n')
    const embers = new Set(lines.filter((line) => line.includes(',Ember,')).map((line) => Number.parseInt(line, 10)))
    expect(Array.from({ length: pictures }, (_, index) => index).filter(hasEmber).every((index) => embers.has(index))).toBe(true)
    expect(app.complaints).toEqual([])
  })
})
