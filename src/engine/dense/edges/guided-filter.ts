/** @file The guided filter: a mask becomes, in every small window, a linear function of the picture's colour. */
import { boxMean } from './box-mean'
import { cutField, type Guide } from './guide'
import type { Region } from './region'

/** q = red·r + green·g + blue·b + offset at each thinned pixel of a region. */
export interface LinearColours {
  readonly region: Region
  /** Red, green, blue, offset; float32 [region height, region width] each. */
  readonly weights: readonly [Float32Array, Float32Array, Float32Array, Float32Array]
}

/** a = (Σ + εU)⁻¹ · cov(I, p) and b = mean(p) − a·mean(I), in the window around each pixel. */
function windowModels({ width, radius, colours, means, inverse }: Guide, region: Region, mask: Float32Array): [Float32Array, Float32Array, Float32Array, Float32Array] {
  const columns = region.right - region.left
  const mean = boxMean(mask, columns, radius)
  const cut = (field: Float32Array): Float32Array => cutField(field, width, region)
  const colourMeans = means.map(cut)
  const covariance = colours.map((colour, channel) => {
    const products = cut(colour)
    for (let at = 0; at < products.length; at++) products[at]! *= mask[at]!
    const field = boxMean(products, columns, radius)
    const own = colourMeans[channel]!
    for (let at = 0; at < field.length; at++) field[at]! -= own[at]! * mean[at]!
    return field
  })
  const [red, green, blue] = covariance as [Float32Array, Float32Array, Float32Array]
  const [meanRed, meanGreen, meanBlue] = colourMeans as [Float32Array, Float32Array, Float32Array]
  const [rr, rg, rb, gg, gb, bb] = inverse.map(cut) as [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array, Float32Array]
  for (let at = 0; at < mean.length; at++) {
    const [r, g, b] = [red[at]!, green[at]!, blue[at]!]
    red[at] = rr[at]! * r + rg[at]! * g + rb[at]! * b
    green[at] = rg[at]! * r + gg[at]! * g + gb[at]! * b
    blue[at] = rb[at]! * r + gb[at]! * g + bb[at]! * b
    mean[at]! -= red[at]! * meanRed[at]! + green[at]! * meanGreen[at]! + blue[at]! * meanBlue[at]!
  }
  return [red, green, blue, mean]
}

/**
 * Fits a mask to the guide; every pixel takes the mean of the models of the windows it lies in.
 * Where the mask is 0 three radii deep at the rim of a region that is not the rim of the picture, all but the outermost
 * radius, where nothing but 0 belongs, is as it would be in the whole.
 * @param mask float32 [region height, region width], 0..1, thinned as the guide is
 */
export function guidedFilter(guide: Guide, region: Region, mask: Float32Array): LinearColours {
  const columns = region.right - region.left
  const [red, green, blue, offset] = windowModels(guide, region, mask)
  const mean = (field: Float32Array): Float32Array => boxMean(field, columns, guide.radius)
  return { region, weights: [mean(red), mean(green), mean(blue), mean(offset)] }
}
