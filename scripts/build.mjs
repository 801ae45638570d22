/** @file Builds what is stale: the hash of every source decides, so that nothing is built twice and nothing old is run. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const out = join(root, 'out')
const stampFile = join(out, 'build.json')
const lockFile = join(out, 'build.lock')
const sources = ['src', 'bench', 'package-lock.json', 'electron.vite.config.ts', 'scripts/module-aliases.mjs', 'tsconfig.base.json']
const results = ['main/index.js', 'main/engine.js', 'main/trainer.js', 'main/cli.js', 'main/training-data.js', 'main/map-layout.js', 'preload/index.cjs', 'renderer/index.html']
const lockWaitMs = 180_000

function* filesOf(path) {
  if (!statSync(path, { throwIfNoEntry: false })) return
  if (!statSync(path).isDirectory()) {
    yield path
    return
  }
  for (const entry of readdirSync(path).sort()) yield* filesOf(join(path, entry))
}

/** Changes exactly when a rebuild could change something. */
export function sourceHash() {
  const hash = createHash('sha256')
  for (const source of sources)
    for (const file of filesOf(join(root, source))) hash.update(`${relative(root, file)}\0`).update(readFileSync(file)).update('\0')
  return hash.digest('hex')
}

function isFresh(hash) {
  try {
    return JSON.parse(readFileSync(stampFile, 'utf8')).sources === hash && results.every((result) => statSync(join(out, result)).isFile())
  } catch {
    return false
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** One build at a time: a second one would empty the folders under the first. */
async function withLock(work) {
  mkdirSync(out, { recursive: true })
  const deadline = Date.now() + lockWaitMs
  for (;;) {
    try {
      writeFileSync(lockFile, String(process.pid), { flag: 'wx' })
      break
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
      let owner = NaN
      try {
        owner = Number(readFileSync(lockFile, 'utf8'))
      } catch {
        continue
      }
      if ((owner > 0 && !isRunning(owner)) || Date.now() > deadline) rmSync(lockFile, { force: true })
      else await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  try {
    return await work()
  } finally {
    rmSync(lockFile, { force: true })
  }
}

function run(command, args) {
  return new Promise((resolve, reject) => {
    // Everything goes to stderr: stdout belongs to the command that asked for the build.
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 2, 2] })
    child.on('error', reject)
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`the build failed with code ${code}`))))
  })
}

/** Builds if need be, or always. `DINOSCOPE_NO_BUILD=1` takes what is there, for runs that must all see the same build. */
export async function build({ force = false } = {}) {
  if (!force && process.env.DINOSCOPE_NO_BUILD === '1') return
  if (!force && isFresh(sourceHash())) return
  await withLock(async () => {
    const hash = sourceHash()
    if (!force && isFresh(hash)) return
    process.stderr.write('Building …\n')
    rmSync(stampFile, { force: true })
    await run(process.execPath, [join(root, 'node_modules', 'electron-vite', 'bin', 'electron-vite.js'), 'build', '--logLevel', 'warn'])
    writeFileSync(stampFile, `${JSON.stringify({ sources: hash })}\n`)
  })
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    await build({ force: process.argv.includes('--force') })
  } catch (error) {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  }
}
