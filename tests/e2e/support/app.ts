/** @file The real app for browser tests: `dinoscope serve` with a workspace of its own, and a Chromium that looks at it. */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser, type Locator, type Page } from 'playwright'
import { findChromium } from '../../../scripts/chromium.mjs'

export const root = join(import.meta.dirname, '..', '..', '..')

const browserArguments = [
  '--no-sandbox',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export interface App {
  readonly page: Page
  /** A scratch folder that ends with the app. */
  readonly scratch: string
  /** What the page said on its console at level error, and what it threw. */
  readonly complaints: readonly string[]
  stop(): Promise<void>
}

/** The address that a `serve` process prints; rejects when it ends first. */
async function addressOf(server: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = ''
    server.stdout?.on('data', (chunk: Buffer) => {
      printed += chunk.toString()
      const [, url] = /^DinoScope is ready at (http:\S+)\n/.exec(printed) ?? []
      if (url !== undefined) resolve(url)
    })
    server.once('exit', (code) => { reject(new Error(`serve ended with ${String(code)}`)) })
  })
}

/** Starts everything and opens the page. */
export async function startApp(): Promise<App> {
  const scratch = await mkdtemp(join(tmpdir(), 'dinoscope-e2e-'))
  const server = spawn(process.execPath, [join(root, 'bin', 'dinoscope.mjs'), 'serve', '--workspace', join(scratch, 'workspace')], { stdio: ['ignore', 'pipe', 'inherit'] })
  const url = await addressOf(server)
  const browser: Browser = await chromium.launch({ executablePath: await findChromium(), args: browserArguments })
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
  const complaints: string[] = []
  page.on('console', (message) => { if (message.type() === 'error') complaints.push(message.text()) })
  page.on('pageerror', (error) => complaints.push(error.message))
  await page.goto(url)
  await page.getByRole('button', { name: 'Open folder…' }).waitFor()
  return {
    page,
    scratch,
    complaints,
    stop: async () => {
      await browser.close()
      const ended = new Promise((resolve) => server.once('exit', resolve))
      server.kill('SIGTERM')
      await ended
      await rm(scratch, { recursive: true, force: true })
    },
  }
}

/** Opens a folder as a person without native dialogs does: a path pasted into the picker. */
export async function openFolder(page: Page, folder: string): Promise<void> {
  await page.getByRole('button', { name: 'Open folder…' }).click()
  const path = page.getByRole('dialog').getByRole('textbox')
  await path.fill(folder)
  await page.getByRole('dialog').getByRole('button', { name: 'Open this folder' }).click()
}

/** Imports a model file or folder on the Models page and waits until it is there. */
export async function importModel(page: Page, path: string): Promise<void> {
  await page.getByRole('link', { name: 'Models', exact: true }).click()
  await page.getByRole('button', { name: 'Import…' }).click()
  const field = page.getByRole('dialog').getByRole('textbox')
  await field.fill(path)
  await page.getByRole('dialog').getByRole('button', { name: 'Import', exact: true }).click()
}

export function overlay(page: Page): Locator {
  return page.getByTestId('overlay')
}

/** The hash of the values the overlay shows, once it differs from `before`. */
export async function nextOverlay(page: Page, before?: string): Promise<string> {
  const shown = overlay(page)
  await shown.waitFor({ state: 'attached' })
  const deadline = Date.now() + 30_000
  while (Date.now() < deadline) {
    const hash = await shown.getAttribute('data-overlay-hash').catch(() => null)
    if (hash !== null && hash !== before) return hash
    await page.waitForTimeout(50)
  }
  throw new Error(`the overlay still shows ${String(before)}`)
}
