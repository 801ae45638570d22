/** @file Finds a Chromium for the browser tests, and as a last resort installs one. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

const wellKnown = {
  linux: ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/usr/bin/google-chrome-stable', '/snap/bin/chromium'],
  darwin: ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', '/Applications/Chromium.app/Contents/MacOS/Chromium'],
  win32: ['C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe', 'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe', 'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe'],
}
const playwrightMs = 240_000
const packageMs = 480_000

const toStderr = (command, args, timeout) => spawnSync(command, args, { stdio: ['ignore', 2, 2], timeout, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }).status === 0

async function playwrightsOwn() {
  const { chromium } = await import('playwright')
  const path = chromium.executablePath()
  return path !== '' && existsSync(path) ? path : undefined
}

/** A Chromium that is here already, or undefined. `DINOSCOPE_CHROMIUM` goes before everything else. */
export async function findChromium() {
  const chosen = process.env.DINOSCOPE_CHROMIUM
  if (chosen !== undefined && chosen !== '') {
    if (!existsSync(chosen)) throw new Error(`DINOSCOPE_CHROMIUM names ${chosen}, which does not exist`)
    return chosen
  }
  return (wellKnown[process.platform] ?? []).find((path) => existsSync(path)) ?? (await playwrightsOwn())
}

/** A Chromium, installed where there is none: Playwright's build, else Debian's package where this may install it. */
export async function ensureChromium() {
  const found = await findChromium()
  if (found !== undefined) return found
  process.stderr.write('Fetching a Chromium for the browser tests …\n')
  const playwrightCli = join(dirname(createRequire(import.meta.url).resolve('playwright/package.json')), 'cli.js')
  if (toStderr(process.execPath, [playwrightCli, 'install', 'chromium'], playwrightMs)) {
    const own = await playwrightsOwn()
    if (own !== undefined) return own
  }
  const mayInstall = process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')
  if (mayInstall && toStderr('apt-get', ['update', '-q'], packageMs) && toStderr('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'chromium'], packageMs)) {
    const installed = await findChromium()
    if (installed !== undefined) return installed
  }
  throw new Error('No Chromium was found and none could be installed. Install Chrome or Chromium, or set DINOSCOPE_CHROMIUM to its path.')
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    process.stdout.write(`${await ensureChromium()}\n`)
  } catch (error) {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  }
}
