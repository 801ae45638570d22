/** @file Tables of embeddings: cancelled or failed ones leave nothing, whatever the format. */
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EngineError } from '../../../src/engine/contract'
import { sidecarPath, writeEmbeddings, type Embeddings } from '../../../src/engine/export'
import { temporaryFolder } from '../../helpers/folders'

const table: Embeddings = {
  dim: 2,
  rows: [{ name: 'a.jpg', vector: Float32Array.of(1, 2) }],
  pooling: 'cls',
  model: { id: 'm', name: 'M', sha256: '0' },
  preprocessing: 'none',
  skipped: [],
}

describe('writeEmbeddings', () => {
  it.each(['csv', 'npy'] as const)('writes no %s once it is cancelled', async (format) => {
    const folder = await temporaryFolder()
    const signal = AbortSignal.abort(new EngineError('CANCELLED', 'cancelled'))
    await expect(writeEmbeddings(join(folder, `out.${format}`), format, table, { signal })).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(await readdir(folder)).toEqual([])
  })

  it('takes back an array whose names cannot be written', async () => {
    const folder = await temporaryFolder()
    const path = join(folder, 'out.npy')
    await mkdir(sidecarPath(path))
    await expect(writeEmbeddings(path, 'npy', table)).rejects.toMatchObject({ code: 'DISK' })
    expect(await readdir(folder)).toEqual(['out.npy.json'])
  })
})
