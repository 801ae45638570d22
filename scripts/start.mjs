/** @file `npm start`: the desktop app where Electron can run, else the same app in a browser, with one line that says why. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, root } from './build.mjs'

const electronFolder = join(root, 'node_modules', 'electron')
const probeMs = 5000
const fetchMs = 180_000
/** An app that ends this soon with an error never showed a window. */
const failedStartMs = 5000

/** The binary's path, or undefined where it has not been fetched. */
function electronBinary() {
  const pathFile = join(electronFolder, 'path.txt')
  if (!existsSync(pathFile)) return undefined
  const binary = join(process.env.ELECTRON_OVERRIDE_DIST_PATH ?? join(electronFolder, 'dist'), readFileSync(pathFile, 'utf8'))
  return existsSync(binary) ? binary : undefined
}

/** Why no window can be shown here, or undefined. */
function withoutDisplay({ platform, env, getuid } = process) {
  if (platform !== 'linux') return undefined
  if (!env.DISPLAY && !env.WAYLAND_DISPLAY) return 'there is no display'
  return getuid?.() === 0 ? 'Electron does not run as root' : undefined
}

function tooOldForFetching() {
  const { engines } = JSON.parse(readFileSync(join(electronFolder, 'package.json'), 'utf8'))
  const [, major, minor] = /(\d+)\.(\d+)/.exec(engines?.node ?? '0.0') ?? []
  const [ownMajor, ownMinor] = process.versions.node.split('.').map(Number)
  const isOld = ownMajor < Number(major) || (ownMajor === Number(major) && ownMinor < Number(minor))
  return isOld ? `fetching Electron needs Node ${major}.${minor}, this is ${process.versions.node}` : undefined
}

/** Looks before the download starts, because without a network that would try for minutes. */
async function unreachable() {
  const mirror = process.env.ELECTRON_MIRROR ?? process.env.npm_config_electron_mirror
  if (process.env.ELECTRON_GET_USE_PROXY) return undefined
  try {
    await fetch(mirror ?? 'https://github.com/electron/electron/releases/', { method: 'HEAD', signal: AbortSignal.timeout(probeMs) })
    return undefined
  } catch {
    return 'Electron is not here and cannot be fetched'
  }
}

/** Fetches the binary. @returns why it did not work, or undefined */
async function fetchElectron() {
  const reason = tooOldForFetching() ?? (await unreachable())
  if (reason !== undefined) return reason
  process.stderr.write('Fetching Electron …\n')
  const { status } = spawnSync(process.execPath, [join(electronFolder, 'install.js')], { stdio: ['ignore', 2, 'ignore'], timeout: fetchMs })
  return status === 0 && electronBinary() !== undefined ? undefined : 'Electron is not here and cannot be fetched'
}

/** @returns why the app did not start, or undefined once it has been used and closed */
function runElectron(args) {
  return new Promise((resolve) => {
    const startedMs = Date.now()
    const child = spawn(electronBinary(), [root, ...args], { stdio: ['ignore', 2, 2] })
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
    child.on('error', (error) => resolve(`Electron does not start: ${error.message}`))
    child.on('exit', (code, signal) => {
      const failed = code !== 0 && signal === null && Date.now() - startedMs < failedStartMs
      process.exitCode = code ?? 1
      resolve(failed ? `Electron does not start (code ${code})` : undefined)
    })
  })
}

async function serve(args) {
  process.exitCode = 0
  process.argv = [process.execPath, join(root, 'bin', 'dinoscope.mjs'), 'serve', ...args]
  await import(pathToFileURL(join(root, 'out', 'main', 'cli.js')).href)
}

async function desktop(args) {
  const reason = withoutDisplay() ?? (electronBinary() === undefined ? await fetchElectron() : undefined)
  return reason ?? (await runElectron(args))
}

const asked = process.argv.slice(2)
const args = asked.filter((argument) => argument !== '--serve')
try {
  await build()
  const reason = asked.includes('--serve') ? 'asked' : await desktop(args)
  if (reason !== undefined && reason !== 'asked') process.stderr.write(`No desktop window: ${reason}. Serving the same app for the browser.\n`)
  if (reason !== undefined) await serve(args)
} catch (error) {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
