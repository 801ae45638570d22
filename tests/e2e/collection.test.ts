/** @file A folder as a collection: embed it, see its map, choose with a lasso, search by patch, keep, export; a moved picture keeps its vector. */
import { cp, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openFolder, root, startApp, type App } from './support/app'

const crops = 240
const shots = process.env['DINOSCOPE_SHOTS']

let app: App
let folder: string

/** Crops of the samples in two folders, one of them twice under two names and once more as another file. */
async function makePhotos(target: string): Promise<void> {
  const names = ['astronaut', 'cat', 'coffee', 'raccoon']
  const sources = await Promise.all(names.map((name) => readFile(join(root, 'resources', 'samples', `${name}.jpg`))))
  for (const name of names) await mkdir(join(target, name), { recursive: true })
  for (let index = 0; index < crops; index++) {
    const which = index % names.length
    const bytes = await sharp(sources[which]).extract({ left: (7 * index) % 150, top: (5 * index) % 90, width: 240, height: 200 }).jpeg({ quality: 85 }).toBuffer()
    await writeFile(join(target, names[which]!, `crop ${index}.jpg`), bytes)
  }
  await cp(join(target, 'cat', 'crop 1.jpg'), join(target, 'cat', 'copy of crop 1.jpg'))
  await writeFile(join(target, 'cat', 'crop 1 again.webp'), await sharp(join(target, 'cat', 'crop 1.jpg')).webp({ quality: 80 }).toBuffer())
}

const byTestId = (id: string) => app.page.getByTestId(id)
const button = (name: string | RegExp) => app.page.getByRole('button', { name })
const go = (name: string) => app.page.getByRole('link', { name }).click()
const tile = (name: string) => byTestId('tile').filter({ hasText: name })
const shoot = async (name: string): Promise<void> => {
  if (shots !== undefined) await app.page.screenshot({ path: join(shots, `${name}.png`) })
}
/** The first number in the text of an element. */
const countIn = async (id: string): Promise<number> => Number.parseInt((await byTestId(id).textContent())?.replaceAll(',', '').match(/\d+/)?.[0] ?? '', 10)

beforeAll(async () => {
  app = await startApp()
  folder = join(app.scratch, 'collection')
  await makePhotos(folder)
})
afterAll(async () => { await app.stop() })

describe('a folder as a collection', () => {
  it('is embedded, with its patches, once', async () => {
    await openFolder(app.page, folder)
    await byTestId('scan').waitFor({ state: 'detached', timeout: 60_000 })
    await button('Embed…').click()
    const dialog = app.page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Embed', exact: true }).click()
    await byTestId('embed-status').getByText(`${crops + 2} of ${crops + 2} images embedded · ${crops + 2} with patch tokens`).waitFor({ timeout: 110_000 })
    // What has the same bytes was embedded once.
    expect(await byTestId('embed-done').textContent()).toMatch(new RegExp(`\\b${crops + 1}\\b`))
    await shoot('embedded')
    await app.page.keyboard.press('Escape')
  })

  it('is a map at once, on which a lasso chooses what the grid then shows as chosen', async () => {
    await go('Map')
    await byTestId('map-note').getByText(`${crops + 2} pictures`).waitFor({ timeout: 60_000 })
    await app.page.getByRole('radio', { name: '2D' }).click()
    await byTestId('map-note').getByText(`${crops + 2} pictures`).waitFor()
    await app.page.waitForTimeout(1500)
    const box = (await byTestId('map-canvas').boundingBox())!
    const at = (x: number, y: number): [number, number] => [box.x + x * box.width, box.y + y * box.height]
    await app.page.keyboard.press('l')
    await app.page.mouse.move(...at(0.5, 0.02))
    await app.page.mouse.down()
    for (const [x, y] of [[0.98, 0.02], [0.98, 0.98], [0.5, 0.98]] as const) await app.page.mouse.move(...at(x, y), { steps: 4 })
    await app.page.mouse.up()
    const onMap = await countIn('map-count')
    expect(onMap).toBeGreaterThan(10)
    expect(onMap).toBeLessThan(crops)
    expect(await countIn('selection-bar')).toBe(onMap)
    await shoot('lasso')
    await go('Library')
    expect(await countIn('selection-bar')).toBe(onMap)
    // The whole of the right half, and nothing else, is chosen again after undo and redo.
    await app.page.keyboard.press('Control+z')
    await byTestId('selection-bar').waitFor({ state: 'detached' })
    await app.page.keyboard.press('Control+y')
    expect(await countIn('selection-bar')).toBe(onMap)
    expect(await byTestId('tile').and(app.page.locator('[data-selected=true]')).count()).toBeGreaterThan(0)
  })

  it('keeps the selection under a name', async () => {
    const chosen = await countIn('selection-bar')
    await button('Save as selection…').click()
    await app.page.getByRole('dialog').getByRole('textbox').fill('Right half')
    await app.page.keyboard.press('Enter')
    await byTestId('selection-list').getByText('Right half').waitFor()
    expect(await byTestId('selection-list').textContent()).toContain(String(chosen))
    await app.page.keyboard.press('Escape')
    await byTestId('selection-bar').waitFor({ state: 'detached' })
  })

  it('finds a clicked patch in other pictures and lights it there', async () => {
    await tile('crop 0.jpg').dblclick()
    await app.page.keyboard.press('3')
    await byTestId('overlay').waitFor()
    const stage = (await byTestId('stage').boundingBox())!
    await app.page.mouse.click(stage.x + 0.5 * stage.width, stage.y + 0.5 * stage.height)
    await button(/Find this patch everywhere/).click()
    await byTestId('search-facts').getByText(new RegExp(`${crops + 2} of ${crops + 2}|${crops + 2} pictures`)).waitFor({ timeout: 30_000 })
    await byTestId('lit').first().waitFor()
    await shoot('patch search')
    // Escape lets go of one thing at a time: the picture that was opened, then the search.
    await app.page.keyboard.press('Escape')
    await app.page.keyboard.press('Escape')
    await byTestId('search-bar').waitFor({ state: 'detached' })
  })

  it('is a cloud of more than 50 000 patches that can be turned and drawn in without waiting', async () => {
    await go('Map')
    await app.page.getByRole('radio', { name: 'Patches' }).click()
    await byTestId('map-note').getByText('patches').waitFor({ timeout: 60_000 })
    expect(await countIn('map-note')).toBeGreaterThan(50_000)
    await byTestId('patch-tile').first().waitFor()
    await app.page.waitForTimeout(1000)
    const box = (await byTestId('map-canvas').boundingBox())!
    const at = (x: number, y: number): [number, number] => [box.x + x * box.width, box.y + y * box.height]
    await app.page.getByRole('radio', { name: '3D' }).click()
    await app.page.waitForTimeout(1000)
    // Gaps between frames while the cloud is turned; here a processor draws them.
    const gaps = app.page.evaluate(async () => {
      const found: number[] = []
      let before = performance.now()
      for (let frame = 0; frame < 40; frame++) {
        await new Promise(requestAnimationFrame)
        found.push(performance.now() - before)
        before = performance.now()
      }
      return found.sort((a, b) => a - b)
    })
    await app.page.mouse.move(...at(0.4, 0.5))
    await app.page.mouse.down()
    await app.page.mouse.move(...at(0.7, 0.6), { steps: 30 })
    await app.page.mouse.up()
    expect((await gaps)[20]).toBeLessThan(500)
    await app.page.getByRole('radio', { name: '2D' }).click()
    await app.page.waitForTimeout(1500)
    await app.page.keyboard.press('l')
    await app.page.mouse.move(...at(0.5, 0.02))
    await app.page.mouse.down()
    for (const [x, y] of [[0.98, 0.02], [0.98, 0.98], [0.5, 0.98]] as const) await app.page.mouse.move(...at(x, y), { steps: 4 })
    await app.page.mouse.up()
    const drawn = Date.now()
    await button('Choose none').waitFor()
    expect(Date.now() - drawn).toBeLessThan(3000)
    expect(await countIn('map-count')).toBeGreaterThan(5000)
    await shoot('large patch cloud')
    await button('Choose none').click()
    await app.page.getByRole('radio', { name: 'Pictures' }).click()
    await go('Library')
  })

  it('finds what is like a picture, the same bytes first', async () => {
    await go('Library')
    await app.page.getByRole('textbox', { name: 'Filter by name' }).fill('')
    await tile('copy of crop 1.jpg').click()
    await app.page.keyboard.press('s')
    await byTestId('score').first().waitFor({ timeout: 30_000 })
    const first = byTestId('tile').first()
    expect(await first.textContent()).toContain('crop 1.jpg')
    expect(await first.getByTestId('score').textContent()).toBe('1.00')
    await shoot('search')
    await app.page.keyboard.press('Escape')
    await app.page.keyboard.press('Escape')
  })

  it('has its duplicates told apart by grade', async () => {
    await go('Structure')
    await app.page.getByRole('radio', { name: 'Duplicates' }).click()
    await button('Find duplicates').click()
    await app.page.getByRole('radio', { name: /^Same file · 1$/ }).waitFor({ timeout: 60_000 })
    await app.page.getByRole('radio', { name: /^Same file/ }).click()
    expect(await byTestId('duplicate-group').first().textContent()).toContain('copy of crop 1.jpg')
    await button(/^Select 1 to remove/).click()
    expect(await countIn('selection-bar')).toBe(1)
    await app.page.keyboard.press('Escape')
  })

  it('falls into clusters that can be renamed, and the name stays', async () => {
    await app.page.getByRole('radio', { name: 'Clusters' }).click()
    await button('Find clusters').click()
    await byTestId('cluster').first().waitFor({ timeout: 60_000 })
    await shoot('clusters')
    await byTestId('cluster').first().getByTitle('Rename').click()
    await app.page.getByRole('textbox', { name: 'Name' }).fill('The first of them')
    await app.page.keyboard.press('Enter')
    await byTestId('cluster').getByText('The first of them').waitFor()
    await go('Models')
    await go('Structure')
    await byTestId('cluster').getByText('The first of them').waitFor()
  })

  it('exports the chosen vectors as Parquet', async () => {
    await go('Library')
    await byTestId('selection-list').getByText('Right half').click()
    await button('Embed…').click()
    const dialog = app.page.getByRole('dialog')
    await dialog.getByRole('radio', { name: 'Export' }).click()
    await dialog.getByRole('radio', { name: 'Parquet' }).click()
    await dialog.getByRole('button', { name: 'Export', exact: true }).click()
    const result = byTestId('embed-result')
    await result.waitFor({ timeout: 30_000 })
    const [download] = await Promise.all([app.page.waitForEvent('download'), result.getByRole('link').first().click()])
    const bytes = await readFile(await download.path())
    expect([bytes.subarray(0, 4).toString(), bytes.subarray(-4).toString()]).toEqual(['PAR1', 'PAR1'])
    await app.page.keyboard.press('Escape')
  })

  it('keeps the vector of a picture that is moved on the disk while it is open', async () => {
    // All of the folder again.
    await byTestId('selection-list').getByText('Right half').click()
    await byTestId('filter-chips').waitFor({ state: 'detached' })
    await rename(join(folder, 'coffee', 'crop 2.jpg'), join(folder, 'cat', 'moved.jpg'))
    await app.page.getByRole('textbox', { name: 'Filter by name' }).fill('moved')
    await tile('moved.jpg').waitFor({ timeout: 30_000 })
    await app.page.getByRole('textbox', { name: 'Filter by name' }).fill('')
    await button('Embed…').click()
    await app.page.getByRole('dialog').getByRole('radio', { name: 'Embed' }).click()
    await byTestId('embed-status').getByText(`${crops + 2} of ${crops + 2} images embedded`).waitFor({ timeout: 30_000 })
    await app.page.keyboard.press('Escape')
  })

  it('has left no complaint in the console', () => {
    expect(app.complaints).toEqual([])
  })
})
