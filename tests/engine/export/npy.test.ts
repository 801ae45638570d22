/** @file NPY export: the bytes NumPy expects, and what goes in comes out. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { decodeNpy, npyHeader, sidecarPath, writeNpy, writeNpyParts, writeNpyRows, writeSidecar, type EmbeddingRows } from '../../../src/engine/export'
import { tensor } from '../../../src/engine/tensor'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'npy-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

describe('npyHeader', () => {
  // Source: numpy/lib/format.py, `_write_array_header` for version 1.0.
  it.each([
    ['float32', [2, 3], "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"],
    ['int64', [5], "{'descr': '<i8', 'fortran_order': False, 'shape': (5,), }"],
    ['uint8', [], "{'descr': '|u1', 'fortran_order': False, 'shape': (), }"],
  ] as const)('describes %s %j as numpy does', (dtype, shape, dictionary) => {
    const header = npyHeader(dtype, shape)
    expect({ start: header.toString('latin1', 0, 8), length: header.readUInt16LE(8), text: header.toString('latin1', 10).trimEnd(), end: header.at(-1), rest: header.length % 64 }).toEqual({
      start: '\x93NUMPY\x01\x00',
      length: header.length - 10,
      text: dictionary,
      end: 10,
      rest: 0,
    })
  })
})

describe('writeNpy', () => {
  it.each([
    tensor('float32', [2, 3], Float32Array.of(0.5, -1, 3e-9, 4, 5, 6)),
    tensor('float64', [2], Float64Array.of(Math.PI, -0)),
    tensor('int64', [1, 2], BigInt64Array.of(-1n, 2n ** 60n)),
    tensor('uint8', [3], Uint8Array.of(0, 128, 255)),
    tensor('float32', [0, 4], new Float32Array(0)),
    tensor('float32', [], Float32Array.of(7)),
  ])('round trip of %o', async (array) => {
    const path = join(folder, 'array.npy')
    await writeNpy(path, array)
    expect(decodeNpy(await readFile(path))).toEqual(array)
  })

  it('writes a view, not the memory around it', async () => {
    const path = join(folder, 'view.npy')
    await writeNpy(path, tensor('float32', [2], Float32Array.of(1, 2, 3, 4).subarray(1, 3)))
    expect(decodeNpy(await readFile(path)).data).toEqual(Float32Array.of(2, 3))
  })

  it('joins parts, and refuses parts that do not fill the shape without leaving a file', async () => {
    const parts = [Float32Array.of(1, 2), Float32Array.of(3, 4)]
    const path = join(folder, 'parts.npy')
    await writeNpyParts(path, { dtype: 'float32', shape: [2, 2], parts })
    expect(decodeNpy(await readFile(path))).toEqual(tensor('float32', [2, 2], Float32Array.of(1, 2, 3, 4)))
    await rm(path)
    await expect(writeNpyParts(path, { dtype: 'float32', shape: [3, 2], parts })).rejects.toMatchObject({ code: 'INTERNAL' })
    expect(await readdir(folder)).toEqual([])
  })

  it.each([
    ['other bytes', Buffer.from('hello, this is text')],
    ['an object array', Buffer.concat([npyHeader('float32', [1]).subarray(0, 10), Buffer.from("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".padEnd(117) + '\n'), Buffer.alloc(8)])],
    ['missing data', Buffer.concat([npyHeader('float32', [4]), Buffer.alloc(12)])],
  ])('does not read %s', (_title, bytes) => {
    expect(() => decodeNpy(bytes)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }))
  })
})

describe('writeNpyRows', () => {
  async function* parts(...vectors: Float32Array[]): AsyncGenerator<EmbeddingRows> {
    await Promise.resolve()
    for (const part of vectors) yield { names: [], hashes: [], places: undefined, vectors: part }
  }

  it('says in its head how many rows came, however many', async () => {
    const path = join(folder, 'rows.npy')
    const found: unknown[] = []
    for (const vectors of [[], [Float32Array.of(1, 2)], [Float32Array.of(1, 2), Float32Array.of(3, 4, 5, 6)]]) {
      const rows = await writeNpyRows(path, 2, parts(...vectors))
      found.push([rows, decodeNpy(await readFile(path))])
    }
    expect(found).toEqual([
      [0, tensor('float32', [0, 2], new Float32Array(0))],
      [1, tensor('float32', [1, 2], Float32Array.of(1, 2))],
      [3, tensor('float32', [3, 2], Float32Array.of(1, 2, 3, 4, 5, 6))],
    ])
  })

  it('refuses rows of another length without leaving a file', async () => {
    await expect(writeNpyRows(join(folder, 'rows.npy'), 2, parts(Float32Array.of(1, 2, 3)))).rejects.toMatchObject({ code: 'INTERNAL' })
    expect(await readdir(folder)).toEqual([])
  })
})

describe('writeSidecar', () => {
  it('says which row is which picture and what made it', async () => {
    const path = join(folder, 'out.npy')
    const content = {
      shape: [1, 2],
      pooling: 'cls',
      model: { id: 'm', name: 'M', sha256: 'ab' },
      preprocessing: 'short edge 256, centre crop 224',
      version: '1.0.0',
      names: ['=a.jpg'],
      hashes: ['cd'],
      skipped: [{ relativePath: 'b.jpg', code: 'IMG_EMPTY', reason: 'b.jpg has 0 bytes' }],
    } as const
    await writeSidecar(path, content)
    expect(JSON.parse(await readFile(sidecarPath(path), 'utf8'))).toEqual({ file: 'out.npy', ...content })
  })
})
