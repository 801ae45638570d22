/** @file Plain data about the numbers a model computes with, and what fewer bits cost on the person's own pictures. */
import type { ProviderName } from './data'

/** How wide each weight is in a file: 4 bytes, or 2. */
export type WeightPrecision = 'fp32' | 'fp16'

/** What linear layers are computed in. */
export type Precision = WeightPrecision | 'int8'

/** `use`: near enough, and faster in most runs. `slow`: near enough, but no clear gain. `far`: other numbers than a person should rely on. */
export type PrecisionVerdict = 'use' | 'slow' | 'far'

/** A precision beside fp32 on the same pictures, in the same run. */
export interface PrecisionCard {
  readonly precision: Precision
  readonly provider: ProviderName
  readonly pictures: number
  /** Where the pictures came from: the name of a folder, or undefined for the sample photos. */
  readonly folder: string | undefined
  /** Cosine with fp32 of the CLS tokens. */
  readonly cls: { readonly mean: number; readonly worst: number }
  /** Cosine of patch tokens: over all of them, and over those of the worst picture. */
  readonly patches: { readonly mean: number; readonly worst: number }
  /** Share of the nearest pictures that are the same, 0 to 1, and how many count as nearest. */
  readonly overlap: number
  readonly neighbours: number
  /** Time a picture, milliseconds, medians. */
  readonly exactMs: number
  readonly ownMs: number
  /** How many times as fast as fp32, run in turns: median and the middle half. */
  readonly speed: { readonly median: number; readonly low: number; readonly high: number }
  readonly verdict: PrecisionVerdict
  /** ISO 8601. */
  readonly measuredAt: string
}

/** The precision of one model in this workspace. */
export interface PrecisionState {
  readonly modelId: string
  /** What it is computed in now. */
  readonly precision: Precision
  /** What else this machine's provider offers. */
  readonly offered: readonly Precision[]
  /** What was measured with this provider. */
  readonly cards: readonly PrecisionCard[]
}

export interface PrecisionMeasureRequest {
  readonly modelId: string
  /** An opened folder; undefined for the sample photos. */
  readonly libraryId: string | undefined
  readonly precision: Precision
}

/** Cosines below are another model to whoever searches with them. */
export const nearEnoughCosine = 0.995
/** Below, the difference is that of one run to the next. */
export const worthwhileSpeed = 1.1
