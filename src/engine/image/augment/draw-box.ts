/** @file Which part of a picture a random resized crop takes. */
import type { RandomStream } from '../../tensor'
import type { PixelSize } from '../decode'
import { roundHalfToEven } from '../geometry'
import type { PixelBox } from '../resample'

const tries = 10
const narrowest = 3 / 4
const widest = 4 / 3

const between = (smallest: number, largest: number, share: number): number => smallest + (largest - smallest) * share

/** The largest centred box of an allowed aspect: the whole picture, unless it is narrower or wider than any. */
function centreBox({ width, height }: PixelSize): PixelBox {
  const aspect = width / height
  const boxWidth = aspect > widest ? roundHalfToEven(height * widest) : width
  const boxHeight = aspect < narrowest ? roundHalfToEven(width / narrowest) : height
  return { left: Math.floor((width - boxWidth) / 2), top: Math.floor((height - boxHeight) / 2), width: boxWidth, height: boxHeight }
}

/**
 * A box of area `scale` × the picture's (uniform) and of aspect 3/4 to 4/3 (uniform in its logarithm), anywhere inside.
 * Where none of ten draws fits, as in a strip, {@link centreBox}. Each try draws area, aspect, top, left in this order.
 * Source: torchvision RandomResizedCrop.get_params.
 */
export function drawBox(picture: PixelSize, scale: readonly [number, number], random: RandomStream): PixelBox {
  for (let attempt = 0; attempt < tries; attempt++) {
    const area = picture.width * picture.height * between(scale[0], scale[1], random.uniform())
    const aspect = Math.exp(between(Math.log(narrowest), Math.log(widest), random.uniform()))
    const down = random.uniform()
    const across = random.uniform()
    const width = roundHalfToEven(Math.sqrt(area * aspect))
    const height = roundHalfToEven(Math.sqrt(area / aspect))
    if (width < 1 || width > picture.width || height < 1 || height > picture.height) continue
    return { left: Math.floor(across * (picture.width - width + 1)), top: Math.floor(down * (picture.height - height + 1)), width, height }
  }
  return centreBox(picture)
}
