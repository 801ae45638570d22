/** @file Choices about an ONNX graph of another maker: what each would let one see, and what is wrong with it. Pure. */
import type { OnnxChoice, OnnxInspection, OnnxMapping, OnnxValue } from '../../engine/contract'

export const normalisations = {
  imagenet: { label: 'ImageNet', hint: 'Mean 0.485 0.456 0.406: DINO, most others', mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  clip: { label: 'CLIP', hint: 'Mean 0.481 0.458 0.408', mean: [0.48145466, 0.4578275, 0.40821073], std: [0.26862954, 0.26130258, 0.27577711] },
  half: { label: '−1 to 1', hint: 'Mean 0.5: SigLIP, BEiT, Google\u2019s ViT', mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
  unit: { label: '0 to 1', hint: 'Pixels as they are: the graph normalises itself', mean: [0, 0, 0], std: [1, 1, 1] },
} as const satisfies Readonly<Record<string, Pick<OnnxMapping, 'mean' | 'std'> & { readonly label: string; readonly hint: string }>>
/** `own` is what the model itself says, where that is none of the known ones. */
export type Normalisation = keyof typeof normalisations | 'own'

/** The known normalisation of a mapping. */
export function normalisationOf(mapping: Pick<OnnxMapping, 'mean' | 'std'>): Normalisation {
  const names = Object.keys(normalisations) as (keyof typeof normalisations)[]
  const isSame = (known: readonly number[], own: readonly number[]): boolean => known.every((value, channel) => Math.abs(value - own[channel]!) < 1e-6)
  return names.find((name) => isSame(normalisations[name].mean, mapping.mean) && isSame(normalisations[name].std, mapping.std)) ?? 'own'
}

/** What can be chosen for a mapping: the known ones, and the model's own where it has another. */
export function offeredNormalisations(proposal: Pick<OnnxMapping, 'mean' | 'std'>): readonly { readonly value: Normalisation; readonly label: string; readonly hint: string }[] {
  const offered = Object.entries(normalisations).map(([value, { label, hint }]) => ({ value: value as Normalisation, label, hint }))
  return normalisationOf(proposal) === 'own' ? [{ value: 'own', label: 'As stated', hint: `Mean ${proposal.mean.join(' ')}: what its preprocessor_config.json says` }, ...offered] : offered
}

/** `pixel_values: float32 [batch, 3, 224, 224]` */
export function valueText({ name, dtype, shape }: OnnxValue): string {
  return `${name}: ${dtype}${shape === undefined ? '' : ` [${shape.join(', ')}]`}`
}

/** What an output is, in a few words. */
export function choiceText({ form, dim, patchSize, leadingTokens }: OnnxChoice): string {
  if (form === 'vector') return `one vector, ${dim} wide`
  if (form !== 'tokens') return `feature map, ${dim} wide, patches of ${patchSize} px`
  return `tokens, ${dim} wide, patches of ${patchSize} px, ${leadingTokens === 0 ? 'none' : leadingTokens} before them`
}

/** What can be looked at with it, in a sentence. */
export function viewsText({ form, blocks }: OnnxChoice, leadingTokens: number): string {
  if (form === 'vector') return 'Search, the map, clusters and duplicates will work. There are no patch tokens to look into a picture with.'
  const attention = blocks > 0 && leadingTokens > 0 ? `, and attention of ${blocks === 1 ? 'one block' : `${blocks} blocks`}` : ''
  const without = attention === '' ? ' Not attention, objects, heads of several blocks, training or export.' : ' Not objects, heads of several blocks, training or export.'
  return `PCA, similarity, parts, segments, matches, search and the map will work${attention}.${without}`
}

/** Why a mapping cannot be, as far as the page knows; the engine knows the rest. */
export function mappingProblem({ fixedSize }: OnnxInspection, { form, patchSize }: OnnxChoice, leadingTokens: string, size: string): string | undefined {
  if (!/^\d{1,3}$/.test(leadingTokens)) return 'The number of leading tokens is a whole number, 0 where there are none.'
  if (!/^[1-9]\d{1,3}$/.test(size)) return 'The size is a whole number of pixels.'
  if (fixedSize !== undefined && Number(size) !== fixedSize) return `The graph takes pictures of ${fixedSize} × ${fixedSize} pixels alone.`
  if (form !== 'vector' && Number(size) % patchSize !== 0) return `The size must be a multiple of the patch, ${patchSize} px: for example ${patchSize * Math.max(1, Math.round(224 / patchSize))}.`
  return undefined
}
