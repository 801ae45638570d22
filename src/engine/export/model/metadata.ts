/** @file What an exported model says of itself: once for people, once exactly, for importing it again. */
import { architectureName } from '../../nn'
import { descriptionKey, type EmbeddedDescription } from '../../weights'

/**
 * Text by key, in a fixed order. Nothing in it depends on when or where the export was made.
 * @param usage further facts of the format, such as what goes in and comes out
 */
export function exportMetadata(description: EmbeddedDescription, usage: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const { name, config, preprocessing, provenance, trained, sha256 } = description
  const { shortEdge, crop, mean, std } = preprocessing
  return {
    model_name: name,
    description: description.description,
    trained: String(trained),
    family: config.family,
    architecture: architectureName(config),
    patch_size: String(config.patchSize),
    register_tokens: String(config.registers),
    parameters: String(description.parameters),
    weights_sha256: sha256,
    preprocessing: `RGB / 255, minus mean ${mean.join(' ')}, over standard deviation ${std.join(' ')}; evaluated at short edge ${shortEdge} (bicubic), centre crop ${crop}`,
    provenance: JSON.stringify(provenance),
    ...usage,
    [descriptionKey]: JSON.stringify(description),
  }
}
