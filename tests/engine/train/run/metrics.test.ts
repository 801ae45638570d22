import { appendFile, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { openMetricsLog, openTrainLog, readMetrics } from '../../../../src/engine/train/run'
import { temporaryFolder } from '../../../helpers/folders'
import { thrownBy } from '../../../helpers/thrown'
import { interceptFs, systemError } from './support/faulty-fs'

let restore = (): void => undefined
afterEach(() => {
  restore()
})

const valuesOf = (step: number): Readonly<Record<string, number>> => ({ loss: 10 / (step + 1), lr: step * 1e-7, ...(step % 3 === 0 ? { knn: step / 7 } : {}) })

async function train(folder: string, from: number, until: number, rate = 1): Promise<void> {
  const log = await openMetricsLog(folder, from)
  for (let step = from; step < until; step++) log.append({ step, values: valuesOf(step) }, { imagesPerSecond: rate * step })
  await log.close()
}

const metricsOf = (folder: string): Promise<string> => readFile(join(folder, 'metrics.jsonl'), 'utf8')

test('numbers come back exactly, whatever they are, and absent ones as NaN', async () => {
  const folder = await temporaryFolder()
  const log = await openMetricsLog(folder, 1)
  log.append({ step: 1, values: { third: 1 / 3, tiny: 5e-324, zero: -0, ['__proto__']: 1e300 } }, { rate: 2.5 })
  log.append({ step: 5, values: { third: Infinity, nan: NaN } })
  log.append({ step: 6, values: { third: -Infinity } }, { rate: 0.1 })
  await log.sync()
  expect(await readMetrics(folder, -1)).toEqual({
    steps: new Float64Array([1, 5, 6]),
    columns: Object.fromEntries([
      ['third', new Float64Array([1 / 3, Infinity, -Infinity])],
      ['tiny', new Float64Array([5e-324, NaN, NaN])],
      ['zero', new Float64Array([-0, NaN, NaN])],
      ['__proto__', new Float64Array([1e300, NaN, NaN])],
      ['nan', new Float64Array([NaN, NaN, NaN])],
      ['rate', new Float64Array([2.5, NaN, 0.1])],
    ]),
  })
  await log.close()
})

test('a resumed run leaves the very bytes of a straight one, whatever was torn or ran ahead', async () => {
  const straight = await temporaryFolder()
  await train(straight, 0, 3000)
  const resumed = await temporaryFolder()
  await train(resumed, 0, 1700)
  await appendFile(join(resumed, 'metrics.jsonl'), '{"step":1700,"loss":0.00')
  await train(resumed, 1500, 2000)
  await appendFile(join(resumed, 'metrics.jsonl'), Buffer.alloc(70_000))
  await train(resumed, 2000, 2001)
  await train(resumed, 0, 100)
  await train(resumed, 100, 3000)
  expect(await metricsOf(resumed)).toBe(await metricsOf(straight))
  expect(await readFile(join(resumed, 'timing.jsonl'), 'utf8')).toBe(await readFile(join(straight, 'timing.jsonl'), 'utf8'))
})

test.each([0, 1, 57])('a log cut anywhere within its last lines goes on with whole lines (%i bytes less)', async (missing) => {
  const folder = await temporaryFolder()
  await train(folder, 0, 20)
  const whole = await metricsOf(folder)
  await writeFile(join(folder, 'metrics.jsonl'), whole.slice(0, whole.length - missing))
  await train(folder, 18, 20)
  expect(await metricsOf(folder)).toBe(whole)
})

test('any tail can be read, while the log is written and its last line is torn', async () => {
  const folder = await temporaryFolder()
  await train(folder, 0, 5000, 2)
  await appendFile(join(folder, 'metrics.jsonl'), '{"step":5000,"lo')
  for (const after of [-1, 0, 1234, 4998]) {
    const { steps, columns } = await readMetrics(folder, after)
    const expected = Array.from({ length: 4999 - after }, (_, index) => after + 1 + index)
    expect(Array.from(steps)).toEqual(expected)
    expect(Array.from(columns['loss'] ?? [])).toEqual(expected.map((step) => 10 / (step + 1)))
    expect(Array.from(columns['imagesPerSecond'] ?? [])).toEqual(expected.map((step) => 2 * step))
  }
  expect(await readMetrics(folder, 4999)).toEqual({ steps: new Float64Array(0), columns: {} })
  expect(await readMetrics(join(folder, 'missing'), -1)).toEqual({ steps: new Float64Array(0), columns: {} })
})

test('half a line on disk is written over, not behind', async () => {
  const folder = await temporaryFolder()
  const log = await openMetricsLog(folder, 0)
  log.append({ step: 0, values: { loss: 1 } })
  await log.sync()
  log.append({ step: 1, values: { loss: 2 } })
  // As a write leaves it that the disk had no room for.
  await appendFile(join(folder, 'metrics.jsonl'), '{"step":1,"lo')
  await log.sync()
  await log.close()
  expect(await metricsOf(folder)).toBe('{"step":0,"loss":1}\n{"step":1,"loss":2}\n')
})

test('a failed write is told by sync and made up for by the next', async () => {
  const folder = await temporaryFolder()
  let isFull = false
  restore = interceptFs((operation) => {
    if (isFull && operation === 'handle.write') throw systemError('ENOSPC', 'write')
  })
  const log = await openMetricsLog(folder, 0)
  log.append({ step: 0, values: { loss: 1 } })
  isFull = true
  await expect(log.sync()).rejects.toMatchObject({ code: 'DISK', detail: { path: join(folder, 'metrics.jsonl'), code: 'ENOSPC' } })
  log.append({ step: 1, values: { loss: 2 } })
  isFull = false
  await log.close()
  expect(await metricsOf(folder)).toBe('{"step":0,"loss":1}\n{"step":1,"loss":2}\n')
})

test('lines reach the file within about a second by themselves', async () => {
  const folder = await temporaryFolder()
  const log = await openMetricsLog(folder, 0)
  log.append({ step: 0, values: { loss: 1 } })
  expect((await stat(join(folder, 'metrics.jsonl'))).size).toBe(0)
  await expect.poll(() => metricsOf(folder), { timeout: 5000 }).toBe('{"step":0,"loss":1}\n')
  await log.close()
})

test('steps that do not ascend and values named step are mistakes', async () => {
  const log = await openMetricsLog(await temporaryFolder(), 5)
  expect(await thrownBy(() => log.append({ step: 4, values: {} }))).toMatchObject({ code: 'INTERNAL', message: 'metrics of step 4 came where step 5 or a later one was expected' })
  log.append({ step: 5, values: {} })
  expect(await thrownBy(() => log.append({ step: 5, values: {} }))).toMatchObject({ code: 'INTERNAL' })
  expect(await thrownBy(() => log.append({ step: 6, values: { step: 1 } }))).toMatchObject({ code: 'INTERNAL', message: 'metrics of step 6 have a value named step' })
  await log.close()
})

test('the log for people has a time at the margin of every entry, also behind a torn one', async () => {
  const folder = await temporaryFolder()
  const now = (): Date => new Date(0)
  const log = await openTrainLog(folder, now)
  log.write('started')
  log.write('two\nlines\n')
  await log.close()
  await appendFile(join(folder, 'train.log'), 'torn')
  const again = await openTrainLog(folder, now)
  again.write('resumed')
  await again.close()
  const time = '1970-01-01T00:00:00.000Z'
  expect(await readFile(join(folder, 'train.log'), 'utf8')).toBe(`${time} started\n${time} two\n  lines\ntorn\n${time} resumed\n`)
})
