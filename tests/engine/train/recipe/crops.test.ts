import { describe, expect, it } from 'vitest'
import { checkCropRecipe } from '../../../../src/engine/image/augment/recipe'
import { cropGroups, maskOptions, parseRecipe, presetNames } from '../../../../src/engine/train/recipe'

const jitter = { probability: 0.8, brightness: 0.4, contrast: 0.4, saturation: 0.2, hue: 0.1 }
const never = { probability: 0, threshold: 128 }

describe('the crops of a recipe', () => {
  it('of DINO are the official ones: two global, eight local', () => {
    const blur = (probability: number): unknown => ({ probability, kind: 'pil', sigma: [0.1, 2], kernel: 9 })
    const global = { size: 224, scale: [0.4, 1], flip: 0.5, jitter, grayscale: 0.2 }
    expect(cropGroups(parseRecipe('method: dino'))).toEqual([
      { size: 224, crops: [{ ...global, blur: blur(1), solarize: never }, { ...global, blur: blur(0.1), solarize: { probability: 0.2, threshold: 128 } }] },
      { size: 96, crops: Array.from({ length: 8 }, () => ({ size: 96, scale: [0.05, 0.4], flip: 0.5, jitter, grayscale: 0.2, blur: blur(0.5), solarize: never })) },
    ])
  })

  it('of DINOv2 blur as its code does, the first global crop never and the second in nine of ten', () => {
    const blurs = (yaml: string): readonly number[] => cropGroups(parseRecipe(yaml)).flatMap(({ crops }) => crops.slice(0, 2).map(({ blur }) => blur.probability))
    expect(blurs('method: dinov2')).toEqual([0, 0.9, 0.5, 0.5])
    expect(blurs('method: dinov2\ncrops: {blur: {inverted_blur_probability: false}}')).toEqual([1, 0.1, 0.5, 0.5])
  })

  it('may be global alone', () => {
    expect(cropGroups(parseRecipe('preset: tiny-smoke\ncrops: {local_crops_number: 0}')).map(({ size, crops }) => [size, crops.length])).toEqual([[32, 2]])
  })

  it('of every preset can be made', () => {
    const crops = presetNames.flatMap((name) => cropGroups(parseRecipe(`preset: ${name}`)).flatMap((group) => group.crops))
    expect(crops.length).toBe(8 + 10 + 10 + 6 + 4)
    expect(() => {
      crops.forEach(checkCropRecipe)
    }).not.toThrow()
  })
})

describe('the masks of a recipe', () => {
  it('of DINOv2 are the official ones, for two global crops of each picture', () => {
    expect(maskOptions(parseRecipe('preset: dinov2-vits14-continue'), 8)).toEqual({ crops: 16, grid: { height: 16, width: 16 }, sampleProbability: 0.5, ratio: [0.1, 0.5], maxPatches: 128 })
  })

  it('are none in DINO, nor without iBOT', () => {
    expect([maskOptions(parseRecipe('method: dino'), 8), maskOptions(parseRecipe('method: dinov2\nibot: {loss_weight: 0}'), 8)]).toEqual([undefined, undefined])
  })
})
