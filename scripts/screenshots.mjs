/** @file `npm run screenshots`: takes the README's pictures from the real app on the sample photos, into docs/screenshots. */
import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright'
import { build, root } from './build.mjs'
import { ensureChromium } from './chromium.mjs'

const target = join(root, 'docs', 'screenshots')
const size = { width: 1440, height: 900 }

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
  await page.mouse.move(size.width / 2, 2)
  await page.waitForTimeout(300)
  await page.screenshot({ path: join(target, `${name}.jpg`), type: 'jpeg', quality: 88 })
  process.stderr.write(`docs/screenshots/${name}.jpg\n`)
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
    await page.getByRole('link', { name: 'Models' }).click()
    await page.locator('[data-model-id]').first().waitFor()
    await take(page, 'models')
  }
  await page.close()
}

await build()
await mkdir(target, { recursive: true })
const workspace = await mkdtemp(join(tmpdir(), 'dinoscope-screenshots-'))
const { server, url } = await startServer(workspace)
const browser = await chromium.launch({
  executablePath: await ensureChromium(),
  args: ['--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
})
try {
  // The token in the address is spent into a cookie by the first visit of each page, and stays valid for this server.
  await tour(browser, url, 'dark')
  await tour(browser, url, 'light')
} finally {
  await browser.close()
  server.kill('SIGTERM')
  await rm(workspace, { recursive: true, force: true })
}
