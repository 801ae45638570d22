/** @file `npm test`: build, types, lint, unit tests, WebGPU and browser tests. The last line, and the only one on stdout, counts them. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { build, root } from './build.mjs'
import { ensureChromium } from './chromium.mjs'

const bin = (name, path) => join(root, 'node_modules', name, path)
const tsc = bin('typescript', 'bin/tsc')
const checks = [
  ['lint', bin('eslint', 'bin/eslint.js'), '.', '--max-warnings', '0'],
  ['types of main, engine and command line', tsc, '--noEmit', '-p', 'src/main/tsconfig.json'],
  ['types of the preload', tsc, '--noEmit', '-p', 'src/preload/tsconfig.json'],
  ['types of the page', bin('vue-tsc', 'bin/vue-tsc.js'), '--noEmit', '-p', 'src/renderer/tsconfig.json'],
  ['types of the tests', tsc, '--noEmit', '-p', 'tests/tsconfig.json'],
]

const counts = { passed: 0, failed: 0, skipped: 0 }
const say = (line) => process.stderr.write(`${line}\n`)

function node(args, env = {}) {
  return spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2], env: { ...process.env, ...env } }).status === 0
}

function count(passed, what) {
  counts[passed ? 'passed' : 'failed']++
  say(`${passed ? 'ok' : 'FAILED'}: ${what}`)
}

/** Takes one check after another until none is left; two at a time keep two cores at work. */
async function check() {
  for (let next = checks.shift(); next !== undefined; next = checks.shift()) {
    const [what, ...args] = next
    count(await new Promise((ended) => spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] }).once('exit', (status) => ended(status === 0))), what)
  }
}

/** Runs one Vitest project and adds up its report. A run that ends without a report counts as one failure. */
function vitest(project, env, ...args) {
  const folder = mkdtempSync(join(tmpdir(), 'dinoscope-test-'))
  const report = join(folder, 'report.json')
  const ended = node([bin('vitest', 'vitest.mjs'), 'run', '--project', project, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...args], env)
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numFailedTestSuites } = JSON.parse(readFileSync(report, 'utf8'))
    counts.passed += numPassedTests
    counts.failed += numFailedTests
    counts.skipped += numPendingTests + numTodoTests
    // A file that cannot be loaded fails without a test of its own, and so does an error between tests.
    if (!ended && numFailedTests === 0) counts.failed += Math.max(1, numFailedTestSuites)
  } catch {
    counts.failed++
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * A Chromium on Linux may carry a Vulkan loader and SwiftShader, which give WebGPU an adapter without a GPU. The loader
 * is found by the library path, which only counts at a process's start.
 */
function softwareAdapter(chromium) {
  const folder = chromium === undefined ? '' : [dirname(chromium), '/usr/lib/chromium'].find((path) => existsSync(join(path, 'vk_swiftshader_icd.json')))
  if (process.platform !== 'linux' || !folder || !existsSync(join(folder, 'libvulkan.so.1'))) return {}
  return { LD_LIBRARY_PATH: folder, VK_ICD_FILENAMES: join(folder, 'vk_swiftshader_icd.json'), DINOSCOPE_WEBGPU_TESTS: 'required' }
}

async function attempt(what, work) {
  try {
    return await work()
  } catch (error) {
    say(error.message)
    count(false, what)
    return undefined
  }
}

const only = process.argv.includes('--e2e') ? 'e2e' : process.argv.includes('--unit') ? 'unit' : 'all'
await attempt('build', async () => {
  await build()
  count(true, 'build')
})
// Every test sees the build that was just made.
const env = { DINOSCOPE_NO_BUILD: '1' }
if (only === 'all') await Promise.all([check(), check()])
// Vitest leaves a core to itself; of two that would be half, though its own process is idle nearly always.
if (only !== 'e2e') vitest('unit', env, `--maxWorkers=${Math.max(2, availableParallelism() - 1)}`)
if (only !== 'unit') {
  const chromium = await attempt('a Chromium for the browser tests', ensureChromium)
  if (only === 'all') vitest('webgpu', { ...env, ...softwareAdapter(chromium) })
  if (chromium !== undefined) vitest('e2e', { ...env, DINOSCOPE_CHROMIUM: chromium })
}
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`)
process.exitCode = counts.failed === 0 ? 0 : 1
