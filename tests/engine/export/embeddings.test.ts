/** @file Tables of embeddings: other programs read what was written, the same rows give the same bytes, failures leave nothing. */
import { access, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EngineError, type EmbeddingFormat } from '../../../src/engine/contract'
import { sidecarPath, writeEmbeddings, type Embeddings, type EmbeddingRows } from '../../../src/engine/export'
import { randomStream } from '../../../src/engine/tensor'
import { readEmbeddings, readNpy, readParquet, readParquetObjects, type ReadRow } from '../../helpers/embedding-readers'
import { temporaryFolder } from '../../helpers/folders'

const formats = ['csv', 'npy', 'parquet', 'arrow'] as const satisfies readonly EmbeddingFormat[]
const facts = { pooling: 'cls', model: { id: 'm', name: 'Modell é', sha256: 'ab'.repeat(32) }, preprocessing: 'short edge to 256 (bicubic), centre crop of 224', version: '1.2.3' } as const

/** Names that are hard on one format or another: formulas, quotes, line ends, other scripts, escaped bytes, NUL, emoji. */
const awkward = ['=1+2.jpg', '-a.jpg', '@SUM(A1).jpg', 'a,b.jpg', 'say "hi".jpg', 'two\nlines.jpg', 'caf\\xe9.jpg', 'tab\there.jpg', 'éèß 漢字 🦕.jpg', `${'x'.repeat(255)}.jpg`, 'deep/er/a.jpg', "'quoted.jpg"]
const nameOf = (row: number): string => awkward[row] ?? `folder ${row % 7}/photo-${row}.jpg`
const hashOf = (row: number): string => row.toString(16).padStart(64, '0')

/** float32 of every size, zeros of both signs and the largest and smallest there are. */
function numbersLike(count: number, seed: number): Float32Array {
  const random = randomStream(seed)
  const numbers = Float32Array.from({ length: count }, (_, index) => random.normal() * 10 ** ((index % 20) - 10))
  numbers.set([0, -0, 3.4028234663852886e38, 1.401298464324817e-45, -1, 0.1].slice(0, count))
  return numbers
}

/** The same rows in parts of `size`. */
async function* inParts(rows: EmbeddingRows, dim: number, size: number): AsyncGenerator<EmbeddingRows> {
  for (let start = 0; start < rows.names.length; start += size) {
    await Promise.resolve()
    const end = start + size
    yield {
      names: rows.names.slice(start, end),
      hashes: rows.hashes.slice(start, end),
      places: rows.places && { rows: rows.places.rows.slice(start, end), columns: rows.places.columns.slice(start, end) },
      vectors: rows.vectors.slice(start * dim, end * dim),
    }
  }
}

function pictures(count: number, dim: number): EmbeddingRows {
  const rows = Array.from({ length: count }, (_, row) => row)
  return { names: rows.map(nameOf), hashes: rows.map(hashOf), places: undefined, vectors: numbersLike(count * dim, 3) }
}

/** `count` pictures of 3 × 2 patches. */
function patches(count: number, dim: number): EmbeddingRows {
  const rows = Array.from({ length: count * 6 }, (_, row) => row)
  return {
    names: rows.map((row) => nameOf(Math.floor(row / 6))),
    hashes: rows.map((row) => hashOf(Math.floor(row / 6))),
    places: { rows: Int32Array.from(rows, (row) => Math.floor((row % 6) / 2)), columns: Int32Array.from(rows, (row) => row % 2) },
    vectors: numbersLike(count * 6 * dim, 4),
  }
}

const vectorOf = ({ vectors }: EmbeddingRows, dim: number, row: number): number[] => Array.from(vectors.subarray(row * dim, (row + 1) * dim))
const embeddings = (rows: EmbeddingRows, dim: number, size = 100): Embeddings => ({ dim, ...facts, pooling: rows.places === undefined ? 'cls' : 'patches', source: inParts(rows, dim, size), skipped: [] })

/** -0 is a number of its own for toEqual, but a cell of a CSV says 0. */
const written = (row: ReadRow, format: EmbeddingFormat): ReadRow => (format === 'csv' ? { ...row, embedding: row.embedding.map((value) => value + 0) } : row)

describe('what other programs read', () => {
  it.each(formats)('is every name, hash and number of pictures in their order, in %s', async (format) => {
    const [count, dim] = [451, 5]
    const path = join(await temporaryFolder(), `out.${format}`)
    const table = pictures(count, dim)
    expect(await writeEmbeddings(path, format, embeddings(table, dim), { raw: true })).toBe(count)
    const hashed = format === 'csv' ? () => ({}) : (row: number) => ({ image_hash: hashOf(row) })
    const made = format === 'parquet' || format === 'arrow' ? { model_hash: facts.model.sha256, preprocessing: facts.preprocessing } : {}
    const { rows } = await readEmbeddings(path, format)
    expect(rows.map((row) => written(row, format))).toEqual(Array.from({ length: count }, (_, row) => written({ filename: nameOf(row), ...hashed(row), embedding: vectorOf(table, dim, row), ...made }, format)))
  })

  it.each(formats)('is where each patch lies, in %s', async (format) => {
    const dim = 4
    const path = join(await temporaryFolder(), `out.${format}`)
    const table = patches(30, dim)
    expect(await writeEmbeddings(path, format, embeddings(table, dim, 11), { raw: true })).toBe(180)
    const made = format === 'parquet' || format === 'arrow' ? { model_hash: facts.model.sha256, preprocessing: facts.preprocessing } : {}
    const { rows } = await readEmbeddings(path, format)
    expect(rows.map((row) => written(row, format))).toEqual(
      Array.from({ length: 180 }, (_, row) =>
        written({ filename: nameOf(Math.floor(row / 6)), image_hash: hashOf(Math.floor(row / 6)), patch_row: Math.floor((row % 6) / 2), patch_column: row % 2, embedding: vectorOf(table, dim, row), ...made }, format),
      ),
    )
  })

  it('is what made the vectors, as metadata of the whole file', async () => {
    const folder = await temporaryFolder()
    const metadata = {
      'dinoscope.version': '1.2.3',
      'dinoscope.model_name': 'Modell é',
      'dinoscope.model_sha256': facts.model.sha256,
      'dinoscope.pooling': 'cls',
      'dinoscope.dim': '3',
      'dinoscope.preprocessing': facts.preprocessing,
    }
    for (const format of ['parquet', 'arrow'] as const) {
      await writeEmbeddings(join(folder, `out.${format}`), format, embeddings(pictures(4, 3), 3))
      const read = await readEmbeddings(join(folder, `out.${format}`), format)
      expect({ format, metadata: read.metadata, columns: read.columns }).toEqual({ format, metadata, columns: ['filename', 'image_hash', 'embedding', 'model_hash', 'preprocessing'] })
    }
  })

  it('agrees between two readers of Parquet over several row groups, for vectors of one number too', async () => {
    const folder = await temporaryFolder()
    for (const [name, table, dim] of [['many', pictures(9000, 1), 1], ['patches', patches(1500, 2), 2], ['wide', pictures(6, 300_000), 300_000]] as const) {
      const path = join(folder, `${name}.parquet`)
      await writeEmbeddings(path, 'parquet', embeddings(table, dim))
      const [ours, theirs] = [await readParquet(path), await readParquetObjects(path)]
      // As text, since comparing millions of numbers one by one takes a test seconds.
      const plain = (rows: readonly ReadRow[]): string => JSON.stringify(rows.map((row) => ({ ...row, embedding: Array.from(row.embedding) })))
      expect(plain(theirs) === plain(ours.rows)).toBe(true)
      expect({ name, rows: ours.rows.length, last: Array.from(ours.rows.at(-1)?.embedding ?? []) }).toEqual({ name, rows: table.names.length, last: vectorOf(table, dim, table.names.length - 1) })
    }
  })

  it('is refused without rows in Parquet, and no file appears', async () => {
    const path = join(await temporaryFolder(), 'out.parquet')
    await expect(writeEmbeddings(path, 'parquet', embeddings(pictures(0, 3), 3))).rejects.toMatchObject({ code: 'NOT_FOUND', detail: { path } })
    await expect(access(path)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it.each(formats.filter((format) => format !== 'parquet'))('is a table without rows where there are none, in %s', async (format) => {
    const path = join(await temporaryFolder(), `out.${format}`)
    expect({ count: await writeEmbeddings(path, format, embeddings(pictures(0, 3), 3)), rows: (await readEmbeddings(path, format)).rows }).toEqual({ count: 0, rows: [] })
  })

  it('is which pictures were left out, beside an NPY', async () => {
    const path = join(await temporaryFolder(), 'out.npy')
    const skipped: { relativePath: string; code: string; reason: string }[] = []
    const source = (async function* (): AsyncGenerator<EmbeddingRows> {
      yield* inParts(pictures(2, 3), 3, 1)
      // What is left out is known at the end alone.
      skipped.push({ relativePath: 'b.jpg', code: 'IMG_EMPTY', reason: 'b.jpg has 0 bytes' })
    })()
    await writeEmbeddings(path, 'npy', { dim: 3, ...facts, source, skipped })
    expect((await readNpy(path)).sidecar).toEqual({ file: 'out.npy', shape: [2, 3], ...facts, names: awkward.slice(0, 2), hashes: [hashOf(0), hashOf(1)], skipped })
  })
})

describe('writeEmbeddings', () => {
  it.each(formats)('gives the same bytes for the same rows, however they come, in %s', async (format) => {
    const folder = await temporaryFolder()
    const files: Buffer[] = []
    for (const size of [1, 77, 5000]) {
      await writeEmbeddings(join(folder, `out.${format}`), format, embeddings(pictures(300, 7), 7, size))
      files.push(await readFile(join(folder, `out.${format}`)))
    }
    expect(files.map((file) => file.equals(files[0]!))).toEqual([true, true, true])
  })

  it('keeps formulas from a spreadsheet unless it is asked not to', async () => {
    const path = join(await temporaryFolder(), 'out.csv')
    await writeEmbeddings(path, 'csv', embeddings(pictures(3, 2), 2))
    const safe = await readFile(path, 'utf8')
    await writeEmbeddings(path, 'csv', embeddings(pictures(3, 2), 2), { raw: true })
    expect([safe.split('\n')[1], (await readFile(path, 'utf8')).split('\n')[1]]).toEqual([`"'=1+2.jpg",0,0`, '=1+2.jpg,0,0'])
  })

  it.each(formats)('writes no %s once it is cancelled', async (format) => {
    const folder = await temporaryFolder()
    const signal = AbortSignal.abort(new EngineError('CANCELLED', 'cancelled'))
    await expect(writeEmbeddings(join(folder, `out.${format}`), format, embeddings(pictures(3, 2), 2), { signal })).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(await readdir(folder)).toEqual([])
  })

  it.each(formats)('keeps the old %s when the rows fail half-way', async (format) => {
    const folder = await temporaryFolder()
    const path = join(folder, `out.${format}`)
    await writeFile(path, 'old')
    async function* failing(): AsyncGenerator<EmbeddingRows> {
      yield* inParts(pictures(20_000, 8), 8, 5000)
      throw new RangeError('no more')
    }
    await expect(writeEmbeddings(path, format, { dim: 8, ...facts, source: failing(), skipped: [] })).rejects.toThrow('no more')
    expect([await readFile(path, 'utf8'), await readdir(folder)]).toEqual(['old', [`out.${format}`]])
  })

  it('takes back an array whose names cannot be written', async () => {
    const folder = await temporaryFolder()
    const path = join(folder, 'out.npy')
    await mkdir(sidecarPath(path))
    await expect(writeEmbeddings(path, 'npy', embeddings(pictures(1, 2), 2))).rejects.toMatchObject({ code: 'DISK' })
    expect(await readdir(folder)).toEqual(['out.npy.json'])
  })
})
