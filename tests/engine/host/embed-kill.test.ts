/** @file Fifty embedding jobs are killed at any moment: what was acknowledged is there and right, nothing is wrong, and the next goes on. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'vite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { moduleAliases } from '../../../scripts/module-aliases.mjs'
import { encodePatches } from '../../../src/engine/collection'
import { modelKeyOf } from '../../../src/engine/host'
import { openRowProducts, type RowProducts } from '../../../src/engine/inference'
import { openStore, type Mended, type PatchBasis, type StoredPatches } from '../../../src/engine/library'
import { createRuntime, type Runtime } from '../../../src/engine/runtime'
import { randomStream } from '../../../src/engine/tensor'
import { countedPicture, countedTokens, countingBackbone } from '../../helpers/counting-backbone'
import { temporaryFolder } from '../../helpers/folders'

/** Of two workspaces side by side, each with jobs of its own. */
const killsOfEach = 25
/** Come whenever fewer are left to embed; a basis is fitted when all of the first are through the model. */
const newPictures = 12
const fewestLeft = 6
/** Below the project, so that the child finds the native packages, which no bundle can hold. */
const outDir = join(import.meta.dirname, '../../../out/tests', `embed-${process.pid}`)
const child = join(outDir, 'child.mjs')
const key = modelKeyOf(countingBackbone().manifest)
let runtime: Runtime
let products: RowProducts

beforeAll(async () => {
  await build({
    configFile: false,
    logLevel: 'silent',
    resolve: { alias: moduleAliases },
    ssr: { noExternal: true, external: ['@lancedb/lancedb', 'apache-arrow', 'onnxruntime-node', 'sharp'] },
    build: { ssr: join(import.meta.dirname, 'support/embedding-child.ts'), outDir, target: 'node20', minify: false, rollupOptions: { output: { entryFileNames: 'child.mjs' } } },
  })
  runtime = await createRuntime({ preferred: 'cpu', threads: 1 })
  products = (await openRowProducts(runtime)).products
})
afterAll(async () => {
  await runtime.dispose()
  await rm(outDir, { recursive: true, force: true })
})

/** When a job is killed: so long after it has begun, or after as many acknowledgements. */
interface Moment {
  readonly acknowledgements: number
  readonly delayMs: number
}

interface Ended {
  /** Hashes that the store was said to have. */
  readonly vectors: readonly string[]
  readonly patches: readonly string[]
  readonly done: unknown
  readonly how: { readonly code: number | null; readonly signal: NodeJS.Signals | null; readonly errors: string }
}

function embed(workspace: string, folder: string, kill?: Moment): Promise<Ended> {
  const job = spawn(process.execPath, [child, workspace, folder], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [output, errors, waiting] = ['', '', true]
  job.stdout.on('data', (chunk) => {
    output += String(chunk)
    if (kill === undefined || !waiting || output.split('\n').length - 2 < kill.acknowledgements) return
    waiting = false
    setTimeout(() => job.kill('SIGKILL'), kill.delayMs)
  })
  job.stderr.on('data', (chunk) => (errors += String(chunk)))
  return new Promise((resolve) => {
    job.once('close', (code, signal) => {
      // A last line that was cut off is no acknowledgement.
      const lines = output.slice(0, Math.max(0, output.lastIndexOf('\n'))).split('\n')
      const told = (kind: string): string[] => lines.filter((line) => line.startsWith(`${kind} `)).map((line) => line.slice(kind.length + 1))
      const [done] = told('done')
      resolve({ vectors: told('vectors').flatMap((line) => line.split(' ')), patches: told('patches').flatMap((line) => line.split(' ')), done: done && (JSON.parse(done) as unknown), how: { code, signal, errors } })
    })
  })
}

type Tokens = Awaited<ReturnType<typeof countedTokens>>

/** What a store must hold of a content, from the picture alone. */
class Truth {
  readonly tokens = new Map<string, Tokens>()
  readonly #codes = new Map<string, StoredPatches>()

  /** Makes some more pictures of the folder. */
  async grow(folder: string): Promise<void> {
    for (let number = 0; number < newPictures; number++) {
      const bytes = await countedPicture(this.tokens.size)
      await writeFile(join(folder, `${this.tokens.size}.png`), bytes)
      this.tokens.set(createHash('sha256').update(bytes).digest('hex'), await countedTokens(bytes))
    }
  }

  async codes(basis: PatchBasis, hash: string): Promise<StoredPatches | undefined> {
    const tokens = this.tokens.get(hash)
    if (tokens !== undefined && !this.#codes.has(hash)) this.#codes.set(hash, { hash, gridHeight: 4, gridWidth: 4, ...(await encodePatches(basis, tokens.patches, products)) })
    return this.#codes.get(hash)
  }
}

interface Stored {
  readonly vectors: ReadonlySet<string>
  readonly patches: ReadonlySet<string>
  readonly basis: PatchBasis | undefined
}

/** Opens the store after a job, and holds every row of it to what it must be. */
async function check(workspace: string, truth: Truth): Promise<Stored> {
  const store = await openStore(workspace, { mode: 'write' })
  const mended: Mended[] = []
  store.onMended((one) => {
    // Between its two files a basis is whole, and that it was mended is told.
    if (!one.what.includes('two files of the patch basis')) mended.push(one)
  })
  try {
    const [vectors, patches] = [await store.vectors(key), await store.patches(key)]
    const [withVectors, withPatches, basis] = [await vectors.hashes(), await patches.hashes(), await patches.basis()]
    const asked = [...withVectors]
    const { found, matrix } = await vectors.read(asked, 'cls+mean')
    const right = Float32Array.from(asked.flatMap((hash) => [...(truth.tokens.get(hash)?.cls ?? []), ...(truth.tokens.get(hash)?.mean ?? [])]))
    expect({ found: found.length, same: Buffer.from(matrix.buffer, matrix.byteOffset, matrix.byteLength).equals(Buffer.from(right.buffer)) }).toEqual({ found: asked.length, same: true })
    let read = 0
    for await (const some of patches.scan(withPatches, new AbortController().signal))
      for (const one of some) {
        expect(one).toEqual(await truth.codes(basis!, one.hash))
        read++
      }
    expect({ read, mended }).toEqual({ read: withPatches.size, mended: [] })
    return { vectors: new Set(withVectors), patches: new Set(withPatches), basis }
  } finally {
    await store.close()
  }
}

/** One workspace from its first job, through all kills, to the last, which nothing disturbs. */
async function embedThroughKills(folder: string, workspace: string, seed: number): Promise<void> {
  const random = randomStream(seed)
  const truth = new Truth()
  const promised = { vectors: new Set<string>(), patches: new Set<string>() }
  let basis: PatchBasis | undefined
  let [killed, left] = [0, 0]
  while (killed < killsOfEach) {
    if (left < fewestLeft) await truth.grow(folder)
    // Half of them while folder and store are opened or the first pictures embedded, half in the midst of appending.
    const moment = killed % 2 === 0 ? { acknowledgements: 0, delayMs: 200 * random.uniform() } : { acknowledgements: 1 + Math.floor(5 * random.uniform()), delayMs: 25 * random.uniform() }
    const { vectors, patches, done, how } = await embed(workspace, folder, moment)
    // One that was done before its time had come does not count.
    if (done === undefined) killed++
    expect(how).toEqual(done === undefined ? { code: null, signal: 'SIGKILL', errors: '' } : expect.objectContaining({ errors: '' }))
    for (const hash of vectors) promised.vectors.add(hash)
    for (const hash of patches) promised.patches.add(hash)
    const stored = await check(workspace, truth)
    expect([[...promised.vectors].filter((hash) => !stored.vectors.has(hash)), [...promised.patches].filter((hash) => !stored.patches.has(hash))]).toEqual([[], []])
    if (basis !== undefined) expect(stored.basis).toEqual(basis)
    basis = stored.basis
    left = truth.tokens.size - Math.min(stored.vectors.size, stored.patches.size)
  }
  expect({ vectors: promised.vectors.size > killsOfEach, patches: promised.patches.size > killsOfEach }).toEqual({ vectors: true, patches: true })
  const last = await embed(workspace, folder)
  const all = truth.tokens.size
  expect({ done: last.done, how: last.how }).toEqual({ done: { all, skipped: [] }, how: { code: 0, signal: null, errors: '' } })
  const { vectors, patches } = await check(workspace, truth)
  expect([vectors.size, patches.size]).toEqual([all, all])
}

test('an embedding job goes on after each of 50 kills, with all that was acknowledged and nothing that is wrong', { timeout: 240_000 }, async () => {
  await Promise.all([13, 14].map(async (seed) => embedThroughKills(await temporaryFolder(), await temporaryFolder(), seed)))
})
