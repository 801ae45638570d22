/** @file One picture in the inspector by what is asked of it: parts, its object, depth in metres, the relief, edges; a head of another width; and a folder's depth in the grid and the patch cloud. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { importModel, nextOverlay, openFolder, overlay, root, startApp, type App } from './support/app'

const golden = join(root, 'tests', 'fixtures', 'goldens', 'depth', 'linear4')
const shots = process.env['DINOSCOPE_SHOTS']
const [edge, block] = [224, { left: 70, top: 56, size: 84 }]

let app: App
/** Pictures of the folder, the nearest first. */
let nearestFirst: readonly string[]

const byTestId = (id: string) => app.page.getByTestId(id)
const shoot = async (name: string): Promise<void> => {
  if (shots !== undefined) await app.page.screenshot({ path: join(shots, `${name}.png`) })
}
const tab = (name: string) => app.page.getByRole('tab', { name })

async function makePictures(folder: string): Promise<void> {
  await mkdir(folder)
  const rgb = Buffer.alloc(3 * edge * edge)
  for (let y = 0; y < edge; y++)
    for (let x = 0; x < edge; x++) {
      const isInside = x >= block.left && x < block.left + block.size && y >= block.top && y < block.top + block.size
      const uneven = (x * 5 + y * 3) % 7
      rgb.set(isInside ? [225, 90 + uneven, 40] : [30, 60 + uneven, 130], 3 * (y * edge + x))
    }
  await writeFile(join(folder, 'block.png'), await sharp(rgb, { raw: { width: edge, height: edge, channels: 3 } }).png().toBuffer())
  await writeFile(join(folder, 'plain.png'), await sharp({ create: { width: 120, height: 90, channels: 3, background: '#4a6b8a' } }).png().toBuffer())
  await writeFile(join(folder, 'wide.jpg'), await sharp(join(root, 'resources', 'samples', 'raccoon.jpg')).resize(1024, 768, { fit: 'cover' }).jpeg().toBuffer())
}

beforeAll(async () => {
  app = await startApp()
  await makePictures(join(app.scratch, 'one'))
  await openFolder(app.page, join(app.scratch, 'one'))
  await byTestId('scan').waitFor({ state: 'detached', timeout: 60_000 })
  await byTestId('tile').filter({ hasText: 'block.png' }).dblclick()
  await overlay(app.page).waitFor({ timeout: 60_000 })
})
afterAll(async () => { await app.stop() })

describe('one picture', () => {
  it('falls into parts, as many as one wants', async () => {
    const before = await nextOverlay(app.page)
    await app.page.keyboard.press('4')
    const parts = await nextOverlay(app.page, before)
    await app.page.getByRole('slider', { name: 'Coarse or fine' }).press('Home')
    const one = await nextOverlay(app.page, parts)
    await app.page.keyboard.press('ArrowRight')
    await nextOverlay(app.page, one)
    await shoot('inspector parts')
  })

  it('has an object, whose mask is the block, with edges at the picture’s own', async () => {
    await tab('Object').click()
    await byTestId('object-note').waitFor({ timeout: 30_000 })
    await app.page.getByRole('radio', { name: 'Guided' }).click()
    await app.page.waitForTimeout(1500)
    const found = await overlay(app.page).evaluate((canvas: HTMLCanvasElement) => {
      const { data, width, height } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height)
      return { width, height, lit: Array.from({ length: width * height }, (_, index) => data[4 * index + 3]! > 0) }
    })
    let [both, either] = [0, 0]
    found.lit.forEach((isLit, index) => {
      const [x, y] = [((index % found.width) * edge) / found.width, (Math.floor(index / found.width) * edge) / found.height]
      const isInside = x >= block.left && x < block.left + block.size && y >= block.top && y < block.top + block.size
      both += Number(isLit && isInside)
      either += Number(isLit || isInside)
    })
    // Which of its two sides is the object, an untrained model cannot know.
    const share = both / either
    expect(Math.max(share, 1 - share)).toBeGreaterThan(0.85)
    expect(found.width).toBeGreaterThan(100)
    await shoot('inspector object')
  })

  it('of one colour has no object, and says so', async () => {
    await app.page.keyboard.press('ArrowRight')
    await byTestId('object-note').getByText('Nothing stands out').waitFor({ timeout: 30_000 })
    await app.page.keyboard.press('ArrowLeft')
  })

  it('has depth in metres by a head, once its range is said', async () => {
    await importModel(app.page, join(golden, 'backbone.pth'))
    await byTestId('imported').getByRole('button', { name: 'Use it' }).click()
    await byTestId('head-path').fill(join(golden, 'head.pth'))
    await app.page.getByRole('button', { name: 'Import head' }).click()
    await byTestId('head-range').fill('10')
    await app.page.getByRole('button', { name: 'Import head' }).click()
    await byTestId('head').waitFor({ timeout: 30_000 })
    await shoot('models heads')
    await app.page.getByRole('link', { name: 'Library' }).click()
    await byTestId('tile').filter({ hasText: 'block.png' }).dblclick()
    await app.page.keyboard.press('6')
    await byTestId('depth-range').waitFor({ timeout: 30_000 })
    expect(await byTestId('depth-range').textContent()).toMatch(/^\d+\.\d\d m to \d+\.\d\d m$/)
    expect(await byTestId('colour-bar').textContent()).toMatch(/^\d+\.\d\d m\d+\.\d\d m$/)
    await shoot('inspector depth')
  })

  it('has its folder’s depth measured and written', async () => {
    await app.page.getByRole('button', { name: 'Measure' }).click()
    await byTestId('folder-depth-known').getByText('Known of 3 pictures').waitFor({ timeout: 60_000 })
    await byTestId('folder-depth').getByRole('button', { name: 'CSV' }).click()
    const file = byTestId('folder-depth').getByTestId('exported-files').getByRole('link').first()
    await file.waitFor({ timeout: 30_000 })
    const [download] = await Promise.all([app.page.waitForEvent('download'), file.click()])
    const [header, ...lines] = (await readFile(await download.path(), 'utf8')).trim().split(/\r?\n/)
    expect(header).toContain('median')
    expect(lines.map((line) => line.split(',')[0])).toEqual(['block.png', 'plain.png', 'wide.jpg'])
    nearestFirst = lines.map((line) => line.split(',')).sort(([, a], [, b]) => Number(a) - Number(b)).map(([name]) => name!)
    await shoot('inspector folder depth')
  })

  it('becomes a relief', async () => {
    await app.page.getByRole('switch', { name: 'Relief' }).click()
    await byTestId('relief').waitFor()
    await app.page.waitForTimeout(800)
    const drawn = await byTestId('relief').evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL().length)
    expect(drawn).toBeGreaterThan(5000)
    await shoot('inspector relief')
    const [download] = await Promise.all([app.page.waitForEvent('download'), byTestId('save-view').click()])
    expect(download.suggestedFilename()).toMatch(/^block.*relief\.png$/)
    const { channels } = await sharp(await readFile(await download.path())).stats()
    expect(channels[0]!.stdev).toBeGreaterThan(10)
  })

  it('has its place in the grid by depth, nearest or farthest first', async () => {
    await app.page.getByRole('link', { name: 'Library' }).click()
    const names = (): Promise<string[]> => byTestId('tile').evaluateAll((tiles) => [...tiles].sort((a, b) => a.getBoundingClientRect().left - b.getBoundingClientRect().left).map((tile) => /[a-z]+\.(?:png|jpg)/.exec(tile.textContent ?? '')?.[0] ?? ''))
    await expect.poll(names).toEqual(['block.png', 'plain.png', 'wide.jpg'])
    const sort = app.page.getByRole('button', { name: 'Sort' })
    await sort.click()
    await app.page.getByRole('menuitemradio', { name: 'Depth, nearest first' }).click()
    await expect.poll(names).toEqual(nearestFirst)
    expect([await sort.textContent(), await sort.getAttribute('title')]).toEqual(['Depth', 'Median depth by head'])
    await shoot('library by depth')
    await sort.click()
    await app.page.getByRole('menuitemradio', { name: 'Depth, farthest first' }).click()
    await expect.poll(names).toEqual(nearestFirst.toReversed())
    await sort.click()
    await app.page.getByRole('menuitemradio', { name: 'Name, A to Z' }).click()
    await app.page.getByRole('menu').waitFor({ state: 'detached' })
    // Nothing stays selected: the cloud is of the whole folder.
    await app.page.keyboard.press('Escape')
    await byTestId('selection-bar').waitFor({ state: 'detached' })
  })

  it('colours the patch cloud of its folder in metres', async () => {
    await app.page.getByRole('button', { name: 'Embed…' }).click()
    await app.page.getByRole('dialog').getByRole('button', { name: 'Embed', exact: true }).click()
    await byTestId('embed-status').getByText('3 with patch tokens').waitFor({ timeout: 60_000 })
    await app.page.keyboard.press('Escape')
    await app.page.getByRole('link', { name: 'Map' }).click()
    await app.page.getByRole('radio', { name: 'Patches' }).click()
    await byTestId('map-note').getByText('768 patches').waitFor({ timeout: 60_000 })
    await app.page.getByRole('radio', { name: '2D' }).click()
    await byTestId('patch-tile').first().waitFor()
    await app.page.getByRole('button', { name: /^Colour:/ }).click()
    await app.page.getByRole('menuitemradio', { name: /^Depth, head of each patch/ }).click()
    await byTestId('map-legend-range').waitFor({ timeout: 30_000 })
    expect(await byTestId('map-legend-range').textContent()).toMatch(/^\d+\.\d\d m\d+\.\d\d m$/)
    await app.page.waitForTimeout(500)
    await shoot('patch cloud depth')
  })

  it('by a model with tokens of another length says whose head it is', async () => {
    await app.page.getByRole('link', { name: 'Models', exact: true }).click()
    await byTestId('model-card').filter({ hasText: 'DinoScope mini' }).getByRole('button', { name: 'Use this model' }).click()
    await app.page.getByRole('link', { name: 'Library' }).click()
    await byTestId('tile').filter({ hasText: 'block.png' }).dblclick()
    await app.page.getByText(/those of this model have/).waitFor({ timeout: 30_000 })
  })

  it('has a head of one’s own, trained on depth maps, measured and written', async () => {
    const maps = join(app.scratch, 'maps')
    await mkdir(maps)
    for (const [name, width, height] of [['block', edge, edge], ['plain', 120, 90], ['wide', 1024, 768]] as const) {
      const millimetres = Uint16Array.from({ length: width * height }, (_, at) => {
        const [x, y] = [at % width, Math.floor(at / width)]
        return name === 'block' && x >= block.left && x < block.left + block.size && y >= block.top && y < block.top + block.size ? 1000 : 3000
      })
      await writeFile(join(maps, `${name}.png`), await sharp(millimetres, { raw: { width, height, channels: 1 } }).toColourspace('grey16').png().toBuffer())
    }
    await app.page.getByRole('link', { name: 'Models', exact: true }).click()
    await byTestId('train-head-targets').fill(maps)
    await byTestId('train-head-name').fill('Blocks in metres')
    await app.page.getByRole('button', { name: 'Train head' }).click()
    await byTestId('train-head-measured').getByText('Blocks in metres learned from').waitFor({ timeout: 60_000 })
    await shoot('models train head')
    await app.page.getByRole('button', { name: 'Export Blocks in metres as ONNX' }).click()
    await byTestId('heads').getByTestId('exported-files').getByText('.onnx').first().waitFor({ timeout: 30_000 })
    await app.page.getByRole('link', { name: 'Library' }).click()
    await byTestId('tile').filter({ hasText: 'block.png' }).dblclick()
  })

  it('is looked at in tiles at its own size, once what that takes was said, and so is no other', async () => {
    await app.page.keyboard.press('2')
    await app.page.keyboard.press('Escape')
    await byTestId('tile').filter({ hasText: 'wide.jpg' }).dblclick()
    const whole = await nextOverlay(app.page)
    await byTestId('resolution').getByText('1,024 × 768 pixels, 12,288 patches in').waitFor({ timeout: 30_000 })
    await shoot('inspector whole')
    await app.page.getByRole('switch', { name: 'High resolution, in tiles' }).click()
    await byTestId('info').getByText('1024 × 768').nth(1).waitFor({ timeout: 90_000 })
    await nextOverlay(app.page, whole)
    expect(await overlay(app.page).evaluate((canvas: HTMLCanvasElement) => canvas.width)).toBeGreaterThanOrEqual(128)
    await shoot('inspector tiled')
    // None of the sizes is what is shown; the one that was leads back.
    expect(await byTestId('size').getByRole('radio', { checked: true }).count()).toBe(0)
    await byTestId('size').getByRole('radio', { name: '448' }).click()
    expect(await nextOverlay(app.page)).not.toBe('')
    expect([await byTestId('size').getByRole('radio', { checked: true }).textContent(), await app.page.getByRole('switch', { name: 'High resolution, in tiles' }).getAttribute('aria-checked')].map((text) => text?.trim())).toEqual(['448', 'false'])
    await app.page.keyboard.press('ArrowLeft')
    await byTestId('resolution').waitFor({ state: 'detached' })
    expect(app.complaints).toEqual([])
  })
})
