/** @file CSV export: no cell becomes a formula, numbers read back exactly, the file is whole or absent. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EngineError } from '../../../src/engine/contract'
import { csvNumber, csvText, writeCsv, type EmbeddingRows } from '../../../src/engine/export'
import { randomStream } from '../../../src/engine/tensor'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'csv-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

describe('csvText', () => {
  it.each([
    ['cat.jpg', 'cat.jpg'],
    ['a b.jpg', 'a b.jpg'],
    ['=1+2.jpg', `"'=1+2.jpg"`],
    ['+1.jpg', `"'+1.jpg"`],
    ['-1.jpg', `"'-1.jpg"`],
    ['@SUM(A1).jpg', `"'@SUM(A1).jpg"`],
    ['\tx.jpg', `"'\tx.jpg"`],
    ['\rx.jpg', `"'\rx.jpg"`],
    ['\nx.jpg', `"'\nx.jpg"`],
    ['=HYPERLINK("http://x")', `"'=HYPERLINK(""http://x"")"`],
    [`=cmd|' /C calc'!A0`, `"'=cmd|' /C calc'!A0"`],
    ['a,b.jpg', '"a,b.jpg"'],
    ['a"b.jpg', '"a""b.jpg"'],
    ['a\nb.jpg', '"a\nb.jpg"'],
    ['café.jpg', 'café.jpg'],
  ])('writes %j as %s', (text, cell) => {
    expect(csvText(text)).toBe(cell)
  })

  it('keeps the exact name when asked to', () => {
    expect([csvText('=1.jpg', { raw: true }), csvText('-a,b.jpg', { raw: true })]).toEqual(['=1.jpg', '"-a,b.jpg"'])
  })
})

describe('csvNumber', () => {
  it.each([
    [-0.5, '-0.5'],
    [1, '1'],
    [Math.fround(0.1), '0.1'],
    [Math.fround(1 / 3), '0.33333334'],
    [Math.fround(1e-20), '1e-20'],
  ])('writes %d as %s', (value, text) => {
    expect(csvNumber(value)).toBe(text)
  })

  it('reads back as the same float32, always', () => {
    const { normal } = randomStream(1)
    const values = Float32Array.from({ length: 2000 }, (_, index) => normal() * 10 ** ((index % 20) - 10))
    expect(Float32Array.from(values, (value) => Number(csvNumber(value)))).toEqual(values)
  })
})

/** One picture. */
const row = (name: string, ...vector: number[]): EmbeddingRows => ({ names: [name], hashes: ['ab'], places: undefined, vectors: Float32Array.from(vector) })

async function* each(...rows: EmbeddingRows[]): AsyncGenerator<EmbeddingRows> {
  await Promise.resolve()
  yield* rows
}

describe('writeCsv', () => {
  it('writes a header and one row per picture, as LightlyTrain does', async () => {
    const path = join(folder, 'deep', 'out.csv')
    expect([await writeCsv(path, { dim: 2, pooling: 'cls' }, each(row('=a.jpg', -0.5, 1), row('b.jpg', 0.25, -2))), await readFile(path, 'utf8')]).toEqual([
      2,
      `filename,embedding_0,embedding_1\n"'=a.jpg",-0.5,1\nb.jpg,0.25,-2\n`,
    ])
  })

  it('writes one row per patch, with the place of the patch', async () => {
    const path = join(folder, 'out.csv')
    const patches: EmbeddingRows = { names: ['a.jpg', 'a.jpg'], hashes: ['ab', 'ab'], places: { rows: Int32Array.of(0, 3), columns: Int32Array.of(1, 2) }, vectors: Float32Array.of(1, 2) }
    await writeCsv(path, { dim: 1, pooling: 'patches' }, each(patches))
    expect(await readFile(path, 'utf8')).toBe('filename,image_hash,patch_row,patch_column,embedding_0\na.jpg,ab,0,1,1\na.jpg,ab,3,2,2\n')
  })

  it('leaves the old file and no remains when the rows fail half-way', async () => {
    const path = join(folder, 'out.csv')
    await writeCsv(path, { dim: 1, pooling: 'cls' }, each(row('old.jpg', 1)))
    const old = await readFile(path, 'utf8')
    async function* failing(): AsyncGenerator<EmbeddingRows> {
      for (let count = 0; count < 100_000; count++) yield* each(row(`${count}.jpg`, count))
      throw new RangeError('no more')
    }
    await expect(writeCsv(path, { dim: 1, pooling: 'cls' }, failing())).rejects.toThrow('no more')
    expect([await readFile(path, 'utf8'), await readdir(folder)]).toEqual([old, ['out.csv']])
  })

  it('stops when it is cancelled while it writes, and leaves nothing', async () => {
    const controller = new AbortController()
    let asked = 0
    async function* endless(): AsyncGenerator<EmbeddingRows> {
      for (; asked < 1_000_000; asked++) {
        if (asked === 1000) controller.abort(new EngineError('CANCELLED', 'cancelled'))
        yield* each(row(`${asked}.jpg`, ...new Float32Array(64).fill(0.5)))
      }
    }
    await expect(writeCsv(join(folder, 'out.csv'), { dim: 64, pooling: 'cls' }, endless(), { signal: controller.signal })).rejects.toMatchObject({ code: 'CANCELLED' })
    expect({ soon: asked < 20_000, left: await readdir(folder) }).toEqual({ soon: true, left: [] })
  })

  it('reports a folder that cannot be written as DISK', async () => {
    await writeCsv(join(folder, 'file'), { dim: 1, pooling: 'cls' }, each())
    await expect(writeCsv(join(folder, 'file', 'out.csv'), { dim: 1, pooling: 'cls' }, each())).rejects.toMatchObject({ code: 'DISK' })
  })
})
