/** @file Under what vectors of a model are kept. */
import type { BackboneDescription } from '../inference'
import type { ModelKey } from '../library'
import { describePreparation } from './prepare-picture'

/**
 * Weights, preparation and what is computed in together: whoever changes one of them gets other vectors. The library is embedded at
 * the evaluation crop. In fp32 the key is what it was before there were other precisions.
 */
export function modelKeyOf(manifest: Pick<BackboneDescription, 'weights' | 'config' | 'preprocessing' | 'precision'>): ModelKey {
  return { sha256: manifest.weights.sha256, dim: manifest.config.dim, preprocessing: describePreparation('evaluation', manifest) }
}
