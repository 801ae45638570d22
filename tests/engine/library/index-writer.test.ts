import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { StoredFile } from '../../../src/engine/library'
import { createIndexWriter } from '../../../src/engine/library/index-writer'
import { memoryFiles } from '../../helpers/memory-files'
import { thrownBy } from '../../helpers/thrown'

const file = (index: number, width = 1): StoredFile => ({ root: '/r', relativePath: `${index}.jpg`, sizeBytes: 1, modifiedMs: 1, hash: 'h', width, height: 1, look: undefined, problemCode: undefined, problemReason: undefined })

describe('the writer of the index', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('writes two thousand together, the rest after two seconds, and nothing twice', async () => {
    const files = memoryFiles()
    const writer = createIndexWriter(files, () => undefined)
    for (let index = 0; index < 2_000; index++) writer.add(file(index))
    await vi.advanceTimersByTimeAsync(0)
    for (let index = 2_000; index < 2_500; index++) writer.add(file(index))
    const atOnce = [...files.puts]
    await vi.advanceTimersByTimeAsync(1_999)
    const before = [...files.puts]
    await vi.advanceTimersByTimeAsync(1)
    await writer.flush()
    expect({ atOnce, before, puts: files.puts }).toEqual({ atOnce: [2_000], before: [2_000], puts: [2_000, 500] })
  })

  it('writes of a file that was read twice what was read last', async () => {
    const files = memoryFiles()
    const writer = createIndexWriter(files, () => undefined)
    writer.add(file(1, 5))
    writer.add(file(1, 6))
    await writer.flush()
    expect({ puts: files.puts, rows: await files.list('/r') }).toEqual({ puts: [1], rows: [file(1, 6)] })
  })

  it('keeps what could not be written for the next time, and tells the trouble once', async () => {
    const files = memoryFiles()
    const troubles: unknown[] = []
    const writer = createIndexWriter(files, (error) => troubles.push(error))
    files.failure = new Error('full')
    writer.add(file(1))
    await vi.advanceTimersByTimeAsync(2_000)
    writer.add(file(1, 9))
    writer.add(file(2))
    const failed = await thrownBy(() => writer.flush())
    files.failure = undefined
    await writer.flush()
    expect({ failed, troubles, rows: await files.list('/r') }).toEqual({ failed: new Error('full'), troubles: [new Error('full')], rows: [file(1, 9), file(2)] })
  })

  it('writes nothing once it was stopped', async () => {
    const files = memoryFiles()
    const writer = createIndexWriter(files, () => undefined)
    writer.add(file(1))
    writer.stop()
    writer.add(file(2))
    await writer.flush()
    expect(files.puts).toEqual([])
  })
})
