/** @file What made the vectors, as the names and texts that files keep. */
import type { EmbeddingFacts } from './embedding-rows'

/** Metadata of a file as a whole, in order. */
export function factPairs({ dim, pooling, model, preprocessing, version }: EmbeddingFacts): readonly (readonly [key: string, value: string])[] {
  return [
    ['dinoscope.version', version],
    ['dinoscope.model_name', model.name],
    ['dinoscope.model_sha256', model.sha256],
    ['dinoscope.pooling', pooling],
    ['dinoscope.dim', String(dim)],
    ['dinoscope.preprocessing', preprocessing],
  ]
}
