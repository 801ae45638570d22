/** @file Whether a model's weights fit the network of a recipe, and if not, every difference and which key of the recipe removes it. */
import { architectureName, vitParameters, type VitConfig } from '../../nn'
import { formatShape } from '../../tensor'

export interface ArchitectureDifference {
  /** What differs: `width 192, the model has 384`. */
  readonly what: string
  /** What the recipe would have to say: `model.dim: 384`; undefined where no key does. */
  readonly change: string | undefined
}

/** `model.arch: s` where the size has a letter, else its three numbers. */
function sizeChange(model: VitConfig): string {
  const { dim, depth, heads } = model
  const letter = sizeLetter(model)
  return letter === undefined ? `model.arch: custom, model.dim: ${dim}, model.depth: ${depth}, model.heads: ${heads}` : `model.arch: ${letter}`
}

/** `ti`, `s`, `b`, `l` or `g`, from the one place that knows the sizes. */
function sizeLetter(model: VitConfig): string | undefined {
  return /^ViT-(Ti|S|B|L|g)\//.exec(architectureName(model))?.[1]?.toLowerCase()
}

/** Differences in the order in which a person would change the recipe; none when the weights fit. The method may differ. */
export function architectureDifferences(recipe: VitConfig, model: VitConfig): readonly ArchitectureDifference[] {
  const differences: ArchitectureDifference[] = []
  const compare = (what: string, pick: (config: VitConfig) => number | string | boolean, change: string | undefined): void => {
    const [wanted, found] = [pick(recipe), pick(model)]
    if (wanted !== found) differences.push({ what: `${what} ${wanted}, the model has ${found}`, change })
  }
  compare('size (width × blocks, heads)', ({ dim, depth, heads }) => `${dim} × ${depth}, ${heads}`, sizeChange(model))
  compare('patch size', ({ patchSize }) => patchSize, `model.patch_size: ${model.patchSize}`)
  compare('feed-forward', ({ feedForward }) => feedForward, `model.ffn_layer: ${model.feedForward}`)
  compare('registers', ({ registers }) => registers, `model.num_register_tokens: ${model.registers}`)
  compare('LayerScale', ({ layerScale }) => (layerScale ? 'on' : 'off'), `model.layerscale: ${model.layerScale ? '1.0e-5' : '0'}`)
  compare('position grid', ({ positionGrid }) => positionGrid, `model.image_size: ${model.positionGrid * model.patchSize}`)
  compare('antialiased positions', ({ positionInterpolation }) => (positionInterpolation.antialias ? 'on' : 'off'), `model.interpolate_antialias: ${model.positionInterpolation.antialias}`)
  compare('offset of positions', ({ positionInterpolation }) => positionInterpolation.offset, `model.interpolate_offset: ${model.positionInterpolation.offset}`)
  if (differences.length === 0) compare('hidden width', ({ hidden }) => hidden, undefined)
  return differences.length > 0 ? differences : shapeDifferences(recipe, model)
}

/** Whatever else would keep a tensor from fitting. The mask token can begin anew, and is of no use without masks. */
function shapeDifferences(recipe: VitConfig, model: VitConfig): readonly ArchitectureDifference[] {
  const found = new Map(vitParameters(model).map(({ name, shape }) => [name, formatShape(shape)]))
  return vitParameters(recipe)
    .filter(({ name, shape }) => name !== 'mask_token' && found.get(name) !== formatShape(shape))
    .map(({ name, shape }) => ({ what: `${name} of shape ${formatShape(shape)}, the model has ${found.get(name) ?? 'none'}`, change: undefined }))
}
