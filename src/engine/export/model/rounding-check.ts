/** @file Whether weights that were rounded still see the same: compared with the exact ones on real pictures before they get their name. */
import { EngineError, type ParityRow } from '../../contract'
import type { SafetensorsIndex, VitModelFolder } from '../../weights'
import { checkPictures } from './check-pictures'
import { compareModels, passesRounding, roundingTolerance, type ReferenceModel } from './parity'

/** What rounded weights are tried with. */
export interface RoundingCheck {
  readonly reference: ReferenceModel
  /** The same model over other weights. */
  withWeights(weights: SafetensorsIndex): ReferenceModel
  /** Paths of pictures. */
  readonly pictures: readonly string[]
}

/** A report as it is saved beside a file. */
export interface RoundingReport {
  readonly file: string
  readonly model: { readonly name: string; readonly sha256: string }
  readonly precision: 'fp16'
  readonly tolerance: number
  readonly parity: readonly ParityRow[]
}

/**
 * Compares the weights at `weights` with those of `model`; `path` is for messages.
 * @throws EngineError RUNTIME when the CLS tokens of a picture differ by more than {@link roundingTolerance}; the signal's reason
 */
export async function checkRounding(path: string, file: string, weights: SafetensorsIndex, model: VitModelFolder, check: RoundingCheck, signal: AbortSignal): Promise<RoundingReport> {
  const { config, preprocessing, name, weights: stored } = model.manifest
  const rounded = check.withWeights(weights)
  const parity: ParityRow[] = []
  for (const batch of await checkPictures(check.pictures, config.patchSize, undefined)) {
    signal.throwIfAborted()
    parity.push(...(await compareModels(rounded, check.reference, { config, preprocessing }, batch)))
  }
  if (!passesRounding(parity)) {
    const worst = Math.min(...parity.map(({ cosine }) => cosine))
    throw new EngineError('RUNTIME', `${path}: half precision changes this model too much: the cosine of a picture's CLS tokens is ${worst.toFixed(5)}, at least ${1 - roundingTolerance} was expected; keep it in fp32`, { detail: { path, parity } })
  }
  return { file, model: { name, sha256: stored.sha256 }, precision: 'fp16', tolerance: roundingTolerance, parity }
}
