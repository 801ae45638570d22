import { describe, expect, it } from 'vitest'
import { augmentCrop, type CropRecipe } from '../../../../src/engine/image'
import { drawCrop } from '../../../../src/engine/image/augment/draw'
import { resampleBox } from '../../../../src/engine/image/resample'
import { randomStreamAt } from '../../../../src/engine/tensor'
import { quarters } from '../../../helpers/pictures'
import { dinoGlobal, dinoLocal, everything, nothing } from './recipes'

const picture = { rgb: new Uint8Array(quarters(61, 47)), width: 61, height: 47 }
const small: CropRecipe = { ...dinoLocal, size: 24 }
const stream = (image: number, crop = 0) => randomStreamAt(3, 'augment', 0, image, crop)
const torchvision: CropRecipe = { ...everything, grayscale: 0, blur: { ...everything.blur, kind: 'torchvision' } }

describe('augmentCrop', () => {
  it('depends on picture, recipe and stream alone, and leaves the picture as it is', () => {
    const before = picture.rgb.slice()
    const crops = Array.from({ length: 20 }, (_, image) => augmentCrop(picture, small, stream(image)))
    const again = Array.from({ length: 20 }, (_, index) => augmentCrop(picture, small, stream(19 - index))).reverse()
    expect({ again, rgb: picture.rgb }).toEqual({ again: crops, rgb: before })
  })

  it('makes other crops for other streams', () => {
    const crops = [0, 1, 2, 3].flatMap((image) => [0, 1].map((crop) => Buffer.from(augmentCrop(picture, small, stream(image, crop))).toString('hex')))
    expect(new Set(crops).size).toBe(8)
  })

  it('only cuts out and resizes where nothing else may happen', () => {
    const recipe = { ...nothing, size: 32 }
    expect(augmentCrop(picture, recipe, stream(1))).toEqual(resampleBox(picture, drawCrop(picture, recipe, stream(1)).box, 32, 32))
  })

  it.each([
    ['one pixel', 1, 1],
    ['a picture smaller than the crop', 5, 7],
    ['a line', 300, 1],
    ['a column', 1, 300],
  ])('fills its square from %s', (_name, width, height) => {
    const tiny = { rgb: new Uint8Array(quarters(width, height)), width, height }
    const recipes = [dinoGlobal, everything, torchvision]
    expect(recipes.map((recipe) => augmentCrop(tiny, { ...recipe, size: 48 }, stream(2)).length)).toEqual(recipes.map(() => 48 * 48 * 3))
  })

  it.each([1, 2, 3, 4, 5])('blurs crops of %i pixels either way', (size) => {
    const levels = [{ ...everything, grayscale: 0 }, torchvision].map((recipe) => augmentCrop(picture, { ...recipe, size }, stream(4)).length)
    expect(levels).toEqual([size * size * 3, size * size * 3])
  })

  it('keeps a grey picture grey', () => {
    const grey = { ...picture, rgb: picture.rgb.map((_, index) => picture.rgb[index - (index % 3)] ?? 0) }
    const coloured = [torchvision, { ...everything, grayscale: 0 }].flatMap((recipe) =>
      Array.from({ length: 10 }, (_, image) => augmentCrop(grey, { ...recipe, size: 24 }, stream(image))).filter((crop) => crop.some((level, index) => level !== crop[index - (index % 3)])),
    )
    expect(coloured).toEqual([])
  })

  it('turns one colour into one colour', () => {
    const plain = { ...picture, rgb: picture.rgb.map((_, index) => [200, 90, 13][index % 3] ?? 0) }
    const uneven = [torchvision, everything].flatMap((recipe) =>
      Array.from({ length: 10 }, (_, image) => augmentCrop(plain, { ...recipe, size: 24 }, stream(image))).filter((crop) => crop.some((level, index) => level !== crop[index % 3])),
    )
    expect(uneven).toEqual([])
  })

  it.each([
    ['size', { ...small, size: 0 }, 'augmentCrop: size is 0; a whole number of at least 1 is needed'],
    ['scale', { ...small, scale: [0.5, 0.4] }, 'augmentCrop: scale is 0.5 to 0.4; it must rise, from above 0 to at most 1'],
    ['probability', { ...small, flip: 1.5 }, 'augmentCrop: flip is 1.5; it must be 0 to 1'],
    ['hue', { ...small, jitter: { ...small.jitter, hue: 0.6 } }, 'augmentCrop: jitter.hue is 0.6; it must be 0 to 0.5'],
    ['sigma', { ...small, blur: { ...small.blur, sigma: [0, 2] } }, 'augmentCrop: blur.sigma is 0 to 2; it must rise, from above 0 to at most 1000'],
    ['kernel', { ...torchvision, blur: { ...torchvision.blur, kernel: 8 } }, 'augmentCrop: blur.kernel is 8; an odd whole number is needed'],
    ['number', { ...small, grayscale: NaN }, 'augmentCrop: grayscale is NaN; it must be 0 to 1'],
  ] as const)('refuses a wrong %s by name', (_name, recipe, message) => {
    expect(() => augmentCrop(picture, recipe, stream(0))).toThrow(expect.objectContaining({ code: 'BAD_REQUEST', message }))
  })

  it('refuses pixels that are not of the size they claim', () => {
    expect(() => augmentCrop({ ...picture, width: 60 }, small, stream(0))).toThrow(
      expect.objectContaining({ code: 'INTERNAL', message: 'augmentCrop: 8601 values are no picture of 60 × 47 pixels in three channels' }),
    )
  })
})
