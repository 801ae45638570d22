/** @file What each model of a workspace is computed in, and what was measured before that was chosen. */
import { readFile, rename } from 'node:fs/promises'
import { z } from 'zod'
import { EngineError, messageOf, nearEnoughCosine, type Precision, type PrecisionCard, type ProviderName } from '../../contract'
import { saveFile } from '../../files'
import { describePrecision } from '../../inference'

/** Of one model's weights, wherever its folder lies. */
export interface KeptPrecision {
  readonly precision: Precision
  /** One for each precision and provider; the last that was measured. */
  readonly cards: readonly PrecisionCard[]
}

export interface KeptPrecisions {
  of(sha256: string): Promise<KeptPrecision>
  /** @throws EngineError DISK */
  keepCard(sha256: string, card: PrecisionCard): Promise<void>
  /**
   * @throws EngineError BAD_REQUEST for a precision other than fp32 that was not measured with `provider`, or was found too far; DISK
   */
  choose(sha256: string, precision: Precision, provider: ProviderName): Promise<void>
}

export const precisionFile = 'precision.json'

const precision = z.enum(['fp32', 'fp16', 'int8'])
const spread = z.object({ mean: z.number(), worst: z.number() })
const cardSchema = z.object({
  /** How the numbers came about; a card of another way says nothing of this one. */
  way: z.string(),
  precision,
  provider: z.enum(['cpu', 'webgpu', 'cuda', 'dml', 'coreml']),
  pictures: z.number(),
  folder: z.string().optional(),
  cls: spread,
  patches: spread,
  overlap: z.number(),
  neighbours: z.number(),
  exactMs: z.number(),
  ownMs: z.number(),
  speed: z.object({ median: z.number(), low: z.number(), high: z.number() }),
  verdict: z.enum(['use', 'slow', 'far']),
  measuredAt: z.string(),
})
const fileSchema = z.object({ schema: z.literal(1), models: z.record(z.string(), z.object({ precision, cards: z.array(cardSchema) })) })

const nothing: KeptPrecision = { precision: 'fp32', cards: [] }

/** What of a record still holds: cards whose numbers come about as they do now, and a precision that has one. */
function current(record: z.infer<typeof fileSchema>['models'][string] | undefined): KeptPrecision {
  if (record === undefined) return nothing
  const cards = record.cards.filter((card) => card.way === describePrecision(card.precision)).map(({ way: _way, ...card }): PrecisionCard => ({ ...card, folder: card.folder }))
  return { precision: cards.some((card) => card.precision === record.precision) ? record.precision : 'fp32', cards }
}

/** Whether a person may rely on it: near enough to fp32 with this provider. */
function isNear(card: PrecisionCard): boolean {
  return card.cls.mean >= nearEnoughCosine && card.patches.mean >= nearEnoughCosine
}

/**
 * Keeps them in the file `path`, read when it is first wanted. One that is damaged is moved aside and told in the log: models are then
 * computed in fp32.
 */
export function createKeptPrecisions(path: string, log: (line: string) => void): KeptPrecisions {
  let reading: Promise<Map<string, KeptPrecision>> | undefined
  const read = async (): Promise<Map<string, KeptPrecision>> => {
    const text = await readFile(path, 'utf8').catch(() => undefined)
    if (text === undefined) return new Map()
    try {
      return new Map(Object.entries(fileSchema.parse(JSON.parse(text)).models).map(([sha256, record]) => [sha256, current(record)]))
    } catch (error) {
      const aside = `${path}.corrupt-${Date.now()}`
      await rename(path, aside).catch(() => undefined)
      log(`${path} is damaged and was moved aside to ${aside}: ${messageOf(error)}`)
      return new Map()
    }
  }
  const all = (): Promise<Map<string, KeptPrecision>> => (reading ??= read())
  const of = async (sha256: string): Promise<KeptPrecision> => (await all()).get(sha256) ?? nothing
  let last: Promise<unknown> = Promise.resolve()
  /** One change after the other; what is known changes once it is on the disk. */
  const change = (sha256: string, next: (kept: KeptPrecision) => KeptPrecision): Promise<void> => {
    const run = last.then(async () => {
      const models = new Map(await all()).set(sha256, next(await of(sha256)))
      const records = Object.fromEntries(Array.from(models, ([key, kept]) => [key, { ...kept, cards: kept.cards.map((card) => ({ way: describePrecision(card.precision) ?? '', ...card })) }]))
      await saveFile(path, `${JSON.stringify({ schema: 1, models: records }, undefined, 2)}\n`)
      reading = Promise.resolve(models)
    })
    last = run.catch(() => undefined)
    return run
  }
  return {
    of,
    keepCard: (sha256, card) =>
      change(sha256, ({ precision: chosen, cards }) => ({
        // What was chosen by an older measurement does not outlast a worse one.
        precision: chosen === card.precision && !isNear(card) ? 'fp32' : chosen,
        cards: [...cards.filter((one) => one.precision !== card.precision || one.provider !== card.provider), card],
      })),
    choose: (sha256, chosen, provider) =>
      change(sha256, (kept) => {
        const card = kept.cards.find((one) => one.precision === chosen && one.provider === provider)
        if (chosen !== 'fp32' && card === undefined) throw new EngineError('BAD_REQUEST', `${chosen} has not been measured for this model with ${provider}; measure it first`, { detail: { precision: chosen, provider } })
        if (card !== undefined && !isNear(card))
          throw new EngineError('BAD_REQUEST', `${chosen} gives other numbers than fp32 with this model: the mean cosine is ${Math.min(card.cls.mean, card.patches.mean).toFixed(4)}, at least ${nearEnoughCosine} is needed`, { detail: { precision: chosen, provider } })
        return { ...kept, precision: chosen }
      }),
  }
}
