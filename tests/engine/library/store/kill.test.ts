/** @file Fifty writers are killed at any moment: what was acknowledged is there, whole, and the next one goes on. */
import { spawn } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'vite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { randomStream } from '../../../../src/engine/tensor'
import { hashOf, key, vectorsOf } from './support/rows'
import { useScratch, withStore } from './support/scratch'

const scratch = useScratch()
const kills = 50
/** Below the project, so that the child finds the native packages, which no bundle can hold. */
const outDir = join(import.meta.dirname, '../../../../out/tests', `store-${process.pid}`)
const child = join(outDir, 'child.mjs')

beforeAll(async () => {
  await build({
    configFile: false,
    logLevel: 'silent',
    ssr: { noExternal: true, external: ['@lancedb/lancedb', 'apache-arrow', 'onnxruntime-node', 'sharp'] },
    build: {
      ssr: join(import.meta.dirname, 'support/appending-child.ts'),
      outDir,
      target: 'node20',
      minify: false,
      rollupOptions: { output: { entryFileNames: 'child.mjs' } },
    },
  })
})
afterAll(() => rm(outDir, { recursive: true, force: true }))

/** Appends until it is killed, so long after it had opened the store; answers how many vectors were acknowledged last. */
function appendAndKill(folder: string, delayMs: number): Promise<{ readonly acknowledged: number; readonly signal: NodeJS.Signals | null; readonly errors: string }> {
  const writer = spawn(process.execPath, [child, folder], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  writer.stdout.on('data', (chunk) => {
    if (output === '') setTimeout(() => writer.kill('SIGKILL'), delayMs)
    output += String(chunk)
  })
  writer.stderr.on('data', (chunk) => (errors += String(chunk)))
  return new Promise((resolve) => {
    writer.once('close', (_code, signal) => {
      // A last line that was cut off is no acknowledgement.
      const lines = output.slice(0, output.lastIndexOf('\n')).split('\n')
      resolve({ acknowledged: Number(lines.at(-1)) || 0, signal, errors })
    })
  })
}

test(`vectors outlive ${kills} kills of their writer`, { timeout: 240_000 }, async () => {
  const folder = scratch('killed')
  const random = randomStream(11)
  let promised = 0
  for (let kill = 0; kill < kills; kill++) {
    const { acknowledged, signal, errors } = await appendAndKill(folder, 120 * random.uniform())
    expect({ signal, errors }).toEqual({ signal: 'SIGKILL', errors: '' })
    promised = Math.max(promised, acknowledged)
    await withStore(folder, async (store, mended) => {
      const vectors = await store.vectors(key)
      const stored = await vectors.hashes()
      expect(stored.size).toBeGreaterThanOrEqual(promised)
      const asked = Array.from({ length: stored.size }, (_, number) => hashOf(number))
      const { found, matrix } = await vectors.read(asked, 'cls+mean')
      expect(found.length).toBe(stored.size)
      expect(matrix).toEqual(Float32Array.from([...found].flatMap((number) => [...vectorsOf(number).cls, ...vectorsOf(number).mean])))
      expect(mended).toEqual([])
    })
  }
  expect(promised).toBeGreaterThan(kills)
})
