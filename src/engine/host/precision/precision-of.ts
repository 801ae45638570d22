/** @file What the weights of a model are computed in here. */
import type { Precision } from '../../contract'
import { offeredPrecisions } from '../../inference'
import type { Runtime } from '../../runtime'
import type { KeptPrecisions } from './kept-precisions'

/** What weights are computed in: what was chosen, where the provider has it. Only then is the provider waited for. */
export async function precisionOf(kept: KeptPrecisions, runtime: Promise<Runtime>, sha256: string): Promise<Precision> {
  const { precision } = await kept.of(sha256)
  if (precision === 'fp32') return precision
  return offeredPrecisions(await runtime).includes(precision) ? precision : 'fp32'
}
