/** @file Points of a map as readers that did not write them find them. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tableFromIPC } from '@uwdata/flechette'
import { parse } from 'npyjs'
import papaparse from 'papaparse'
import { ParquetFile } from 'parquet-wasm/node'
import { describe, expect, it } from 'vitest'
import { writePoints, type MapPoints } from '../../../src/engine/export'
import { temporaryFolder } from '../../helpers/folders'

const names = ['=cmd.jpg', 'a/b, "c".png', 'übung.webp', 'd\nnewline.jpg']
const points = (dims: 2 | 3): MapPoints => ({ dims, names, coordinates: Float32Array.from({ length: 4 * dims }, (_, index) => Math.fround(index / 3 - 1)), facts: { method: 'umap', seed: 5 }, version: '1.2.3' })

const expected = (dims: 2 | 3) =>
  names.map((filename, row) => ({ filename, ...Object.fromEntries(['x', 'y', 'z'].slice(0, dims).map((axis, index) => [axis, points(dims).coordinates[row * dims + index]])) }))

async function readBack(path: string, format: 'parquet' | 'arrow') {
  const bytes = await readFile(path)
  return tableFromIPC(format === 'arrow' ? bytes : (await (await ParquetFile.fromFile(new Blob([bytes]))).read()).intoIPCStream())
}

describe.each([2, 3] as const)('points in %i dimensions', (dims) => {
  it.each(['parquet', 'arrow'] as const)('are read from %s: names and exact numbers, in order', async (format) => {
    const folder = await temporaryFolder()
    const [first, second] = [join(folder, `first.${format}`), join(folder, `second.${format}`)]
    await writePoints(first, format, points(dims))
    await writePoints(second, format, points(dims))
    const table = await readBack(first, format)
    expect(table.toArray().map((row) => ({ ...(row as object) }))).toEqual(expected(dims))
    expect(await readFile(first)).toEqual(await readFile(second))
    if (format === 'arrow') expect(Object.fromEntries(table.schema.metadata ?? [])).toEqual({ 'dinoscope.version': '1.2.3', 'dinoscope.method': 'umap', 'dinoscope.seed': '5' })
  })

  it('are read from CSV, names safe in a spreadsheet unless they are wanted raw', async () => {
    const path = join(await temporaryFolder(), 'points.csv')
    const read = async () => papaparse.parse<Record<string, string>>(await readFile(path, 'utf8'), { header: true, skipEmptyLines: true }).data.map(({ filename, ...axes }) => ({ filename, ...Object.fromEntries(Object.entries(axes).map(([axis, value]) => [axis, Math.fround(Number(value))])) }))
    await writePoints(path, 'csv', points(dims))
    expect(await read()).toEqual(expected(dims).map((row) => ({ ...row, filename: row.filename.replace(/^=/, "'=") })))
    await writePoints(path, 'csv', points(dims), { raw: true })
    expect(await read()).toEqual(expected(dims))
  })

  it('are read from NPY, and what they are from the JSON beside it', async () => {
    const path = join(await temporaryFolder(), 'points.npy')
    await writePoints(path, 'npy', points(dims))
    const bytes = await readFile(path)
    const { data, shape } = parse(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
    expect({ data: Array.from(data as Float32Array), shape }).toEqual({ data: Array.from(points(dims).coordinates), shape: [4, dims] })
    expect(JSON.parse(await readFile(`${path}.json`, 'utf8'))).toEqual({ file: 'points.npy', shape: [4, dims], columns: ['x', 'y', 'z'].slice(0, dims), version: '1.2.3', method: 'umap', seed: 5, names })
  })
})
