/** @file Under what vectors of a model are kept. */
import type { ModelKey } from '../library'
import type { ModelManifest } from '../weights'
import { describePreparation } from './prepare-picture'

/** Weights and preparation together: whoever changes either gets other vectors. The library is embedded at the evaluation crop. */
export function modelKeyOf(manifest: Pick<ModelManifest, 'weights' | 'config' | 'preprocessing'>): ModelKey {
  return { sha256: manifest.weights.sha256, dim: manifest.config.dim, preprocessing: describePreparation('evaluation', manifest) }
}
