import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { createStatusWriter, maximumWarnings, readRunStatus, writeRunStatus, type RunStatus } from '../../../../src/engine/train/run'
import { temporaryFolder } from '../../../helpers/folders'
import { interceptFs, systemError } from './support/faulty-fs'

let restore = (): void => undefined
afterEach(() => {
  restore()
})

const status: RunStatus = { state: 'running', step: 3, stepsTotal: 9, warnings: [], skippedImages: 1, updatedAt: '2026-01-02T03:04:05.000Z' }

test('a status comes back as it was written, numbers that are not finite among the metrics too', async () => {
  const folder = await temporaryFolder()
  expect(await readRunStatus(folder)).toBeUndefined()
  const warning = { step: 2, code: 'rank-falling', message: 'm', advice: 'a' } as const
  const full: RunStatus = {
    ...status,
    reason: 'r',
    imagesPerSecond: 1 / 3,
    etaMs: 5,
    bestKnn: 0.25,
    warnings: [warning],
    latest: { step: 3, values: { loss: Infinity, 'loss.dino': -0, third: 1 / 3, nan: NaN } },
  }
  await writeRunStatus(folder, full)
  expect(await readRunStatus(folder)).toEqual(full)
})

test('only the newest warnings are kept', async () => {
  const folder = await temporaryFolder()
  const warnings = Array.from({ length: maximumWarnings + 3 }, (_, step) => ({ step, code: 'slow-data', message: '', advice: '' }) as const)
  await writeRunStatus(folder, { ...status, warnings })
  expect((await readRunStatus(folder))?.warnings).toEqual(warnings.slice(3))
})

test('many updates are few writes, and the newest is on disk after a flush', async () => {
  const folder = await temporaryFolder()
  let writes = 0
  restore = interceptFs((operation) => {
    if (operation === 'rename') writes++
  })
  const writer = createStatusWriter(folder, 60_000)
  for (let step = 0; step < 100; step++) writer.update({ ...status, step })
  await writer.flush()
  await writer.flush()
  expect({ writes, step: (await readRunStatus(folder))?.step }).toEqual({ writes: 1, step: 99 })
})

test('a write that fails keeps the old status, is told at the flush, and comes with the next one', async () => {
  const folder = await temporaryFolder()
  const writer = createStatusWriter(folder, 60_000)
  writer.update(status)
  await writer.flush()
  const before = await readFile(join(folder, 'status.json'), 'utf8')
  restore = interceptFs((operation) => {
    if (operation === 'handle.writeFile') throw systemError('ENOSPC', 'write')
  })
  writer.update({ ...status, step: 4 })
  await expect(writer.flush()).rejects.toMatchObject({ code: 'DISK' })
  restore()
  expect(await readdir(folder)).toEqual(['status.json'])
  expect(await readFile(join(folder, 'status.json'), 'utf8')).toBe(before)
  await writer.flush()
  expect((await readRunStatus(folder))?.step).toBe(4)
})
