/** @file The status.json of a run: the last known state, small and written whole, so that others can look without asking. */
import { join } from 'node:path'
import { z } from 'zod'
import { isEngineError, type RunState, type StepMetrics, type TrainWarning } from '../../contract'
import { saveFile } from '../../files'
import { numberOf, numberText } from './exact-json'
import { statusFile } from './layout'
import { countSchema, readRecord } from './record'

/** How a run stands. */
export interface RunStatus {
  readonly state: RunState
  /** Why it is in this state, or what it is doing, where that is not plain. */
  readonly reason?: string | undefined
  readonly step: number
  readonly stepsTotal: number
  readonly imagesPerSecond?: number | undefined
  readonly etaMs?: number | undefined
  readonly latest?: StepMetrics | undefined
  readonly bestKnn?: number | undefined
  /** The newest last. Only the last {@link maximumWarnings} are kept. */
  readonly warnings: readonly TrainWarning[]
  readonly skippedImages: number
  /** ISO 8601. */
  readonly updatedAt: string
}

export const maximumWarnings = 50
const maximumBytes = 2 ** 22

const states = ['starting', 'running', 'paused', 'stopping', 'stopped', 'interrupted', 'finished', 'failed'] as const satisfies readonly RunState[]
const warningCodes = [
  'uniform-output',
  'dominant-dimension',
  'rank-falling',
  'non-finite-loss',
  'disk-full',
  'images-skipped',
  'loss-rising',
  'slow-data',
] as const satisfies readonly TrainWarning['code'][]

/** Numbers as `numberText` writes them. */
const exactNumber = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])]).transform((value) => numberOf(value) ?? NaN)

const statusSchema = z.object({
  schema: z.literal(1),
  state: z.enum(states),
  reason: z.string().optional(),
  step: countSchema,
  stepsTotal: countSchema,
  imagesPerSecond: z.number().optional(),
  etaMs: z.number().optional(),
  latest: z.object({ step: countSchema, values: z.record(z.string(), exactNumber) }).optional(),
  bestKnn: z.number().optional(),
  warnings: z.array(z.object({ step: countSchema, code: z.enum(warningCodes), message: z.string(), advice: z.string() })),
  skippedImages: countSchema,
  updatedAt: z.string(),
})

/** A rate before the first step is not a number, which is the same as none. */
const known = (value: number | undefined): number | undefined => (Number.isFinite(value) ? value : undefined)

/** @throws EngineError DISK */
export async function writeRunStatus(folder: string, status: RunStatus): Promise<void> {
  const { latest, imagesPerSecond, etaMs, bestKnn, warnings, ...rest } = status
  const measured = { imagesPerSecond: known(imagesPerSecond), etaMs: known(etaMs), bestKnn: known(bestKnn) }
  const text = JSON.stringify({ schema: 1, ...rest, ...measured, warnings: warnings.slice(-maximumWarnings) })
  // JSON.stringify would make null of a loss that is not finite, which is the one to look at.
  const values = Object.entries(latest?.values ?? {}).map(([name, value]) => `${JSON.stringify(name)}:${numberText(value)}`)
  const shown = latest === undefined ? '' : `,"latest":{"step":${latest.step},"values":{${values.join(',')}}}`
  await saveFile(join(folder, statusFile), `${text.slice(0, -1)}${shown}}\n`)
}

/**
 * The last known state; undefined where none was ever written.
 * @throws EngineError CHECKPOINT when it is damaged or of a newer program
 */
export async function readRunStatus(folder: string): Promise<RunStatus | undefined> {
  try {
    const { schema: _schema, ...status } = await readRecord(join(folder, statusFile), statusSchema, maximumBytes)
    return status
  } catch (error) {
    if (isEngineError(error, 'SOURCE_UNAVAILABLE')) return undefined
    throw error
  }
}

/** Writes a status that changes often: at most one write at a time and one per interval, the newest wins. */
export interface StatusWriter {
  update(status: RunStatus): void
  /** Waits until the newest status is on disk. @throws EngineError DISK */
  flush(): Promise<void>
}

const defaultIntervalMs = 1000

/** A failed write is tried again with the next one; only {@link StatusWriter.flush} tells of it, for a full disk must not end a run. */
export function createStatusWriter(folder: string, intervalMs: number = defaultIntervalMs): StatusWriter {
  let pending: RunStatus | undefined
  let timer: NodeJS.Timeout | undefined
  let chain: Promise<void> = Promise.resolve()

  const write = (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    const work = chain.then(async () => {
      const status = pending
      if (status === undefined) return
      await writeRunStatus(folder, status)
      if (pending === status) pending = undefined
    })
    chain = work.catch(() => undefined)
    return work
  }

  return {
    update: (status) => {
      pending = status
      timer ??= setTimeout(() => void write().catch(() => undefined), intervalMs).unref()
    },
    flush: write,
  }
}
