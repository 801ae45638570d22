import { appendFile, rename, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { FilePath } from '../../../src/engine/files'
import { readImageFile } from '../../../src/engine/image'
import { readSettled } from '../../../src/engine/library/read-settled'
import { readStamp } from '../../../src/engine/library/stamp'
import { temporaryFolder } from '../../helpers/folders'
import { thrownBy } from '../../helpers/thrown'

const changes: readonly (readonly [string, (path: string, turn: number) => Promise<void>])[] = [
  ['appended to', (path, turn) => appendFile(path, `more ${turn}`)],
  ['truncated', (path, turn) => truncate(path, 20 - turn)],
  ['written anew at the same size', (path, turn) => writeFile(path, `${turn}`.padEnd(30, 'y'))],
  ['replaced by another', async (path, turn) => {
    await writeFile(`${path}.new`, `${turn}`.padEnd(30, 'z'))
    await rename(`${path}.new`, path)
  }],
]

describe('reading a file that changes meanwhile', () => {
  it.each(changes)('reads one that is %s once more, and gives the bytes of the state it tells', async (_name, change) => {
    const path = join(await temporaryFolder({ 'a.jpg': 'x'.repeat(30) }), 'a.jpg')
    let reads = 0
    const read = async (from: FilePath): Promise<Buffer> => {
      const bytes = await readImageFile(from)
      reads += 1
      if (reads === 1) await change(path, reads)
      return bytes
    }
    const { bytes, stamp } = await readSettled(path, read)
    expect({ reads, stamp, bytes }).toEqual({ reads: 2, stamp: await readStamp(path), bytes: await readImageFile(path) })
  })

  it.each(changes)('gives up on one that is %s all the time', async (_name, change) => {
    const path = join(await temporaryFolder({ 'a.jpg': 'x'.repeat(30) }), 'a.jpg')
    let reads = 0
    const read = async (from: FilePath): Promise<Buffer> => {
      const bytes = await readImageFile(from)
      await change(path, ++reads)
      return bytes
    }
    expect(await thrownBy(() => readSettled(path, read))).toMatchObject({ code: 'FILE_CHANGING', message: `${path} is being written; it is read when that has ended` })
    expect(reads).toBe(2)
  })
})
