/**
 * @file The hue turned to the very bytes of torchvision on PIL: to eight-bit HSV, the hue moved around, and back.
 * Source: torchvision functional_pil.py `adjust_hue`; Pillow, src/libImaging/Convert.c `rgb2hsv_row`, `hsv2rgb`.
 */

const { fround } = Math
const levels = 256

/** For each of the 256 hues its sextant of the colour circle and how far into it, float32. */
const sextants = Uint8Array.from({ length: levels }, (_, hue) => Math.floor(fround(hue * 6) / 255))
const fractions = Float32Array.from({ length: levels }, (_, hue) => fround(hue * 6) / 255 - Math.floor(fround(hue * 6) / 255))
const saturations = Float32Array.from({ length: levels }, (_, level) => level / 255)

/** The hue of a colour with channels that differ, 0..255 around the circle. */
function hueLevel(red: number, green: number, blue: number, largest: number, range: number): number {
  let sixths: number
  if (red === largest) sixths = fround(fround((largest - blue) / range) - fround((largest - green) / range))
  else if (green === largest) sixths = fround(2 + fround((largest - red) / range) - fround((largest - blue) / range))
  else sixths = fround(4 + fround((largest - green) / range) - fround((largest - red) / range))
  const turns = sixths / 6 + 1
  return Math.trunc(fround(turns >= 1 ? turns - 1 : turns) * 255)
}

/**
 * Turns the hue by `turn` of the colour circle, -0.5 … 0.5, in place. Eight-bit HSV is coarse: levels change a little
 * even at a turn of 0.
 * @param rgb uint8 [height, width, 3]
 */
export function adjustHue(rgb: Uint8Array, turn: number): void {
  const shift = Math.trunc(turn * 255) & 0xff
  for (let at = 0; at < rgb.length; at += 3) {
    const red = rgb[at]!
    const green = rgb[at + 1]!
    const blue = rgb[at + 2]!
    const largest = Math.max(red, green, blue)
    const range = largest - Math.min(red, green, blue)
    // A grey has no hue; a colour so faint that its eight-bit saturation is zero becomes one.
    const saturation = range === 0 ? 0 : Math.trunc(fround(range / largest) * 255)
    if (saturation === 0) {
      rgb[at] = rgb[at + 1] = rgb[at + 2] = largest
      continue
    }
    const hue = (hueLevel(red, green, blue, largest, range) + shift) & 0xff
    const strength = saturations[saturation]!
    const fraction = fractions[hue]!
    const low = Math.floor(largest * (1 - strength) + 0.5)
    const falling = (): number => Math.floor(largest * (1 - fround(strength * fraction)) + 0.5)
    const rising = (): number => Math.floor(largest * (1 - strength * (1 - fraction)) + 0.5)
    switch (sextants[hue]! % 6) {
      case 0:
        rgb[at] = largest
        rgb[at + 1] = rising()
        rgb[at + 2] = low
        break
      case 1:
        rgb[at] = falling()
        rgb[at + 1] = largest
        rgb[at + 2] = low
        break
      case 2:
        rgb[at] = low
        rgb[at + 1] = largest
        rgb[at + 2] = rising()
        break
      case 3:
        rgb[at] = low
        rgb[at + 1] = falling()
        rgb[at + 2] = largest
        break
      case 4:
        rgb[at] = rising()
        rgb[at + 1] = low
        rgb[at + 2] = largest
        break
      default:
        rgb[at] = largest
        rgb[at + 1] = low
        rgb[at + 2] = falling()
    }
  }
}
