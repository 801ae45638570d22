/** @file A folder as folders are: a thousand photos in sub-folders, some of them broken. The page must stay quick. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openFolder, root, startApp, type App } from './support/app'
import { watchMainThread, type MainThreadWatch } from './support/main-thread'

const photos = 1000
const longTaskMs = 100

let app: App
let folder: string
let watch: MainThreadWatch

/** A thousand small photos, each a different crop of the samples, in ten sub-folders. */
async function makePhotos(target: string): Promise<void> {
  const sources = await Promise.all(['astronaut', 'cat', 'coffee', 'raccoon'].map((name) => readFile(join(root, 'resources', 'samples', `${name}.jpg`))))
  for (let part = 0; part < 10; part++) await mkdir(join(target, `part ${part}`), { recursive: true })
  for (let index = 0; index < photos; index++) {
    const source = sources[index % sources.length]!
    const bytes = await sharp(source).extract({ left: index % 97, top: index % 61, width: 200, height: 160 }).jpeg({ quality: 80 }).toBuffer()
    await writeFile(join(target, `part ${index % 10}`, `photo ${index}.jpg`), bytes)
  }
}

beforeAll(async () => {
  app = await startApp()
  folder = join(app.scratch, 'thousand')
  await makePhotos(folder)
  const whole = await readFile(join(root, 'resources', 'samples', 'cat.jpg'))
  await writeFile(join(folder, 'half.jpg'), whole.subarray(0, whole.length / 2))
  await writeFile(join(folder, 'empty.jpg'), '')
  await writeFile(join(folder, '<img src=x onerror=alert(1)>.jpg'), whole)
  watch = await watchMainThread(app.page)
})
afterAll(async () => { await app.stop() })

describe('a folder of a thousand photos', () => {
  // The aim is a second; on a machine shared with the browser and everybody else, three are the bound.
  it('shows its first thumbnails soon after being opened', async () => {
    await openFolder(app.page, folder)
    const opened = Date.now()
    await app.page.locator('[data-testid=tile] img[data-loaded=true]').first().waitFor()
    const waitedMs = Date.now() - opened
    console.log(`first thumbnail after ${waitedMs} ms`)
    expect(waitedMs).toBeLessThan(3000)
  })

  it('counts all pictures and names the broken ones with their reason', async () => {
    const problems = app.page.getByRole('button', { name: /2 broken/ })
    await problems.waitFor({ timeout: 60_000 })
    await problems.click()
    const text = await app.page.locator('body').textContent()
    expect(await app.page.getByTestId('image-count').textContent()).toMatch(/1,?003 images/)
    for (const expected of ['half.jpg', 'IMG_TRUNCATED', 'empty.jpg', 'IMG_EMPTY']) expect(text).toContain(expected)
  })

  it('shows a file name that is markup as text', async () => {
    await app.page.getByRole('textbox', { name: 'Filter by name' }).fill('onerror')
    await app.page.getByTestId('tile').filter({ hasText: '<img src=x onerror=alert(1)>.jpg' }).waitFor()
    await app.page.getByRole('textbox', { name: 'Filter by name' }).fill('')
  })

  const dialog = () => app.page.getByRole('dialog')

  it('embeds with progress, pauses within a second, and goes on from there', async () => {
    await app.page.getByRole('button', { name: 'Embed…' }).click()
    await dialog().getByRole('button', { name: 'Embed', exact: true }).click()
    await app.page.getByTestId('embed-running').getByText(/[1-9]\d* of 1,?00\d/).waitFor({ timeout: 60_000 })
    await dialog().getByRole('button', { name: 'Pause' }).click()
    const asked = Date.now()
    await app.page.getByTestId('embed-running').waitFor({ state: 'detached' })
    const waitedMs = Date.now() - asked
    console.log(`pausing took ${waitedMs} ms`)
    expect(waitedMs).toBeLessThan(1000)
    await dialog().getByRole('button', { name: 'Resume' }).click()
    await app.page.getByTestId('embed-status').getByText(/1,?001 of 1,?001 images embedded/).waitFor({ timeout: 110_000 })
  })

  it('gives the vectors of the whole folder but for the broken files', async () => {
    await dialog().getByRole('button', { name: 'Export…' }).click()
    await dialog().getByRole('radio', { name: 'CSV' }).click()
    await dialog().getByRole('button', { name: 'Export', exact: true }).click()
    const result = app.page.getByTestId('embed-result')
    await result.waitFor({ timeout: 60_000 })
    expect(await result.textContent()).toMatch(/1,?001 images/)
    const [download] = await Promise.all([app.page.waitForEvent('download'), result.getByRole('link').first().click()])
    const lines = (await readFile(await download.path(), 'utf8')).trimEnd().split(/\r?\n/)
    expect(lines).toHaveLength(1002)
    expect(lines[0]).toMatch(/^filename,embedding_0,/)
    await app.page.keyboard.press('Escape')
  })

  it('has kept the page responsive throughout: no task of ours over 100 ms', async () => {
    const tasks = await watch.stop()
    console.log(`longest tasks of the page: ${tasks.slice(0, 5).map((task) => `${task.toFixed(0)} ms`).join(', ') || 'none over 50 ms'}`)
    expect(tasks.filter((task) => task > longTaskMs)).toEqual([])
  })

  it('has left no complaint in the console', () => {
    // The thumbnail of each broken file may be asked for before the file is known to be broken.
    const missing = app.complaints.filter((text) => text.includes('404 (Not Found)'))
    expect(missing.length).toBeLessThanOrEqual(2)
    expect(app.complaints.filter((text) => !missing.includes(text))).toEqual([])
  })
})
