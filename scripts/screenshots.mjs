/** @file `npm run screenshots`: takes the README's pictures from the real app on the sample photos, into docs/screenshots. `npm run screenshots -- train run` takes only those. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright'
import sharp from 'sharp'
import { runnerImport } from 'vite'
import { build, root } from './build.mjs'
import { ensureChromium } from './chromium.mjs'
import { moduleAliases } from './module-aliases.mjs'

const target = join(root, 'docs', 'screenshots')
const size = { width: 1440, height: 900 }
const only = process.argv.slice(2)
const wanted = (name) => only.length === 0 || only.includes(name)

/** A model that is small enough to show a curve after a minute or two; on six photos it learns those six. */
const shownSteps = 300
const recipe = `preset: dino-vitti16-laptop
init: scratch
model: { arch: custom, dim: 96, depth: 4, heads: 3, patch_size: 8, image_size: 64 }
dino: { head_n_prototypes: 256, head_hidden_dim: 256, head_bottleneck_dim: 64 }
teacher: { momentum_teacher: 0.99 }
crops: { global_crops_size: 64, local_crops_size: 32, local_crops_number: 4 }
run: { steps: ${shownSteps}, batch: 6, accumulate: 1, workers: 2 }
watch: { log_every: 1, probe_every: 5% }
`
/** The picture of a run is taken while it works, when most of its curves are there. */
const shownShare = 0.9
const trainingMs = 900_000

async function startServer(workspace) {
  const server = spawn(process.execPath, [join(root, 'bin', 'dinoscope.mjs'), 'serve', '--workspace', workspace], { stdio: ['ignore', 'pipe', 'inherit'] })
  const url = await new Promise((resolve, reject) => {
    server.stdout.on('data', (chunk) => {
      const found = /http:\S+/.exec(String(chunk))
      if (found !== null) resolve(found[0])
    })
    server.once('exit', (code) => reject(new Error(`serve ended with ${code}`)))
  })
  return { server, url }
}

/** Waits until the overlay shows values, and then for fades to end. */
async function settled(page) {
  await page.getByTestId('overlay').waitFor()
  await page.getByTestId('analysing').waitFor({ state: 'detached' })
  await page.waitForTimeout(600)
}

async function take(page, name) {
  if (!wanted(name)) return
  await page.mouse.move(size.width / 2, 2)
  await page.waitForTimeout(300)
  await page.screenshot({ path: join(target, `${name}.jpg`), type: 'jpeg', quality: 88 })
  process.stderr.write(`docs/screenshots/${name}.jpg\n`)
}

/** Search, map and structure need more pictures than the samples are: a few hundred crops of them. */
async function makeCrops(folder) {
  const names = ['astronaut', 'cat', 'coffee', 'raccoon', 'rocket'].filter((name) => existsSync(join(root, 'resources', 'samples', `${name}.jpg`)))
  for (const name of names) {
    await mkdir(join(folder, name), { recursive: true })
    const source = await readFile(join(root, 'resources', 'samples', `${name}.jpg`))
    const { width, height } = await sharp(source).metadata()
    for (let crop = 0; crop < 60; crop++) {
      const edge = Math.floor(Math.min(width, height) * (0.35 + 0.4 * ((crop * 0.618) % 1)))
      const left = Math.floor((width - edge) * ((crop * 0.755) % 1))
      const top = Math.floor((height - edge) * ((crop * 0.57) % 1))
      await writeFile(join(folder, name, `${name} ${crop + 1}.jpg`), await sharp(source).extract({ left, top, width: edge, height: edge }).jpeg({ quality: 88 }).toBuffer())
    }
  }
}

async function collection(browser, url, folder) {
  await makeCrops(folder)
  const page = await browser.newPage({ viewport: size, colorScheme: 'dark', reducedMotion: 'reduce' })
  await page.goto(url)
  await page.getByRole('button', { name: 'Open folder…' }).first().click()
  await page.getByRole('dialog').getByRole('textbox').fill(folder)
  await page.getByRole('dialog').getByRole('button', { name: 'Open this folder' }).click()
  await page.getByTestId('image-count').getByText('300 images').waitFor({ timeout: 60_000 })
  await page.getByTestId('scan').waitFor({ state: 'detached', timeout: 120_000 })
  await page.getByRole('button', { name: 'Embed…' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Embed', exact: true }).click()
  await page.getByTestId('embed-done').waitFor({ timeout: 300_000 })
  await page.keyboard.press('Escape')

  const filter = page.getByRole('textbox', { name: 'Filter by name' })
  await filter.fill('cat/cat 1.jpg')
  await page.locator('[data-testid=tile] img[data-loaded=true]').first().waitFor()
  await page.getByTestId('tile').first().dblclick()
  await settled(page)
  await page.keyboard.press('3')
  await settled(page)
  const box = await page.getByTestId('stage').boundingBox()
  await page.mouse.click(box.x + 0.45 * box.width, box.y + 0.4 * box.height)
  await settled(page)
  await page.getByTestId('find-patches').click()
  await filter.fill('')
  await page.getByTestId('lit').nth(8).waitFor()
  await page.waitForTimeout(1500)
  await take(page, 'patch-search')
  await page.mouse.click(size.width / 2, 2)
  await page.keyboard.press('Escape')
  await page.getByTestId('selection-bar').waitFor({ state: 'detached' })

  await page.getByRole('link', { name: 'Structure' }).click()
  await page.getByRole('radio', { name: 'As many as I say' }).click()
  await page.getByRole('button', { name: 'Find clusters' }).click()
  await page.getByTestId('cluster').nth(3).waitFor({ timeout: 120_000 })
  await page.waitForTimeout(1500)
  await take(page, 'structure')

  await page.getByRole('link', { name: 'Map' }).click()
  await page.getByTestId('map-canvas').waitFor({ timeout: 60_000 })
  await page.getByRole('radio', { name: '2D' }).click()
  await page.waitForTimeout(2000)
  await page.getByTestId('map-note').getByText('trustworthiness').waitFor({ timeout: 120_000 })
  await page.waitForTimeout(3000)
  await take(page, 'map')

  await page.getByRole('radio', { name: 'Patches' }).click()
  await page.getByTestId('patch-tile').first().waitFor({ timeout: 60_000 })
  const cloud = await page.getByTestId('map-canvas').boundingBox()
  const at = (x, y) => [cloud.x + x * cloud.width, cloud.y + y * cloud.height]
  await page.waitForTimeout(2000)
  await page.keyboard.press('l')
  await page.mouse.move(...at(0.62, 0.1))
  await page.mouse.down()
  for (const [x, y] of [[0.95, 0.1], [0.95, 0.9], [0.62, 0.9]]) await page.mouse.move(...at(x, y), { steps: 5 })
  await page.mouse.up()
  await page.waitForTimeout(2500)
  await take(page, 'patches')

  await page.getByRole('link', { name: 'Segments' }).click()
  await page.getByTestId('find-segments').click()
  await page.getByTestId('segment').nth(2).waitFor({ timeout: 120_000 })
  await page.getByRole('radio', { name: 'Guided' }).click()
  await page.waitForTimeout(6000)
  await take(page, 'segments')
  await page.close()
}

async function tour(browser, url, colorScheme) {
  const page = await browser.newPage({ viewport: size, colorScheme, reducedMotion: 'reduce' })
  await page.goto(url)
  await page.getByRole('button', { name: 'Try the samples' }).click()
  await page.locator('[data-testid=tile] img[data-loaded=true]').nth(5).waitFor()
  if (colorScheme === 'light') await take(page, 'library')
  await page.getByTestId('tile').filter({ hasText: colorScheme === 'light' ? 'coffee.jpg' : 'raccoon.jpg' }).dblclick()
  await settled(page)
  if (colorScheme === 'dark') await take(page, 'attention')
  await page.keyboard.press('2')
  await settled(page)
  if (colorScheme === 'light') await take(page, 'pca')
  if (colorScheme === 'dark') {
    await page.keyboard.press('3')
    const box = await page.getByTestId('stage').boundingBox()
    await page.mouse.click(box.x + 0.58 * box.width, box.y + 0.3 * box.height)
    await settled(page)
    await take(page, 'similarity')
    await page.getByRole('link', { name: 'Models', exact: true }).click()
    await page.locator('[data-model-id]').first().waitFor()
    await take(page, 'models')
  }
  await page.close()
}

/** The bundled model beside itself before it learned anything, over the crops, whose folders are classes. */
async function comparison(browser, url, folder, scratch) {
  await makeCrops(folder)
  const untrained = join(scratch, 'untrained')
  const { module } = await runnerImport(join(root, 'scripts', 'mini', 'half-model.ts'), { root, configFile: false, logLevel: 'warn', resolve: { alias: moduleAliases } })
  await module.writeUntrained(untrained, JSON.parse(await readFile(join(root, 'resources', 'models', 'dinoscope-mini', 'model.json'), 'utf8')))
  const page = await browser.newPage({ viewport: size, colorScheme: 'light', reducedMotion: 'reduce' })
  await page.goto(url)
  const fill = async (path, take) => {
    await page.getByRole('dialog').getByRole('textbox').fill(path)
    await page.getByRole('dialog').getByRole('button', { name: take, exact: true }).click()
  }
  await page.getByRole('button', { name: 'Open folder…' }).first().click()
  await fill(folder, 'Open this folder')
  await page.getByTestId('image-count').getByText('300 images').waitFor({ timeout: 60_000 })
  await page.getByTestId('scan').waitFor({ state: 'detached', timeout: 120_000 })
  await page.getByRole('link', { name: 'Models', exact: true }).click()
  await page.getByRole('button', { name: 'Import…' }).click()
  await fill(untrained, 'Import')
  await page.locator('[data-model-id=untrained]').getByRole('button', { name: 'Compare Untrained with…' }).click()
  await page.getByRole('menuitem', { name: 'Compare with DinoScope mini' }).click()
  // Before on the left.
  if (!page.url().includes('a=untrained')) await page.keyboard.press('s')
  await page.getByTestId('compare-run').click()
  await page.getByTestId('compare-figures').waitFor({ timeout: 300_000 })
  await page.waitForTimeout(4000)
  await take(page, 'compare')
  await page.close()
}

/** Plans a run on the photos, and takes one picture of the plan and others of the run when it nears its end. */
async function trainingTour(browser, url, photos) {
  const page = await browser.newPage({ viewport: size, colorScheme: 'light', reducedMotion: 'reduce' })
  page.setDefaultTimeout(trainingMs)
  await page.goto(url)
  await page.getByRole('button', { name: 'Open folder…' }).click()
  await page.getByRole('dialog').getByRole('textbox').fill(photos)
  await page.getByRole('dialog').getByRole('button', { name: 'Open this folder' }).click()
  await page.locator('[data-testid=tile] img[data-loaded=true]').nth(5).waitFor()
  await page.getByRole('link', { name: 'Train' }).click()
  await page.getByTestId('presets').locator('[data-preset=dino-vitti16-laptop]').click()
  await page.getByTestId('advanced').click()
  await page.getByTestId('recipe-text').fill(recipe)
  await page.getByTestId('advanced').click()
  await page.getByTestId('measure').click()
  await page.getByTestId('card').waitFor()
  await take(page, 'train')
  if (wanted('run') || wanted('probes')) {
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.getByTestId('start').click()
    // Not under the eyes of the page: drawn ten times a second without a graphics card, curves take what training needs.
    await page.getByTestId('run-tabs').getByRole('radio', { name: 'Recipe' }).click()
    await page.waitForFunction((share) => Number(/(\d+) %/.exec(document.querySelector('[data-testid=run-step]')?.textContent ?? '')?.[1]) >= share * 100, shownShare, { polling: 200 })
    await page.getByTestId('run-tabs').getByRole('radio', { name: 'Curves' }).click()
    await page.locator('[data-chart=teacher] canvas').waitFor()
    await take(page, 'run')
    await page.getByTestId('run-tabs').getByRole('radio', { name: 'Pictures through time' }).click()
    await page.getByTestId('probe-picture').first().waitFor()
    await page.waitForLoadState('networkidle')
    await take(page, 'probes')
  }
  await page.close()
}

await build()
await mkdir(target, { recursive: true })
const scratch = await mkdtemp(join(tmpdir(), 'dinoscope-'))
// A run's page says where its photos lie: not in somebody's checkout.
const photos = join(scratch, 'Photos')
await cp(join(root, 'resources', 'samples'), photos, { recursive: true })
const { server, url } = await startServer(join(scratch, 'workspace'))
const browser = await chromium.launch({
  executablePath: await ensureChromium(),
  args: ['--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
})
try {
  // The token in the address is spent into a cookie by the first visit of each page, and stays valid for this server.
  if (['attention', 'similarity', 'models'].some(wanted)) await tour(browser, url, 'dark')
  if (['library', 'pca'].some(wanted)) await tour(browser, url, 'light')
  if (['patch-search', 'structure', 'map', 'patches', 'segments'].some(wanted)) await collection(browser, url, join(scratch, 'Collection'))
  if (wanted('compare')) await comparison(browser, url, join(scratch, 'Collection'), scratch)
  // Last, for it keeps the processor busy.
  if (['train', 'run', 'probes'].some(wanted)) await trainingTour(browser, url, photos)
} finally {
  await browser.close()
  // A run that is being trained writes its checkpoint first.
  const ended = new Promise((resolve) => server.once('exit', resolve))
  server.kill('SIGTERM')
  await ended
  await rm(scratch, { recursive: true, force: true })
}
