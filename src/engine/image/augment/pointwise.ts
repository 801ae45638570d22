/** @file Operations on single pixels and their mirror images. All change `rgb`, uint8 [height, width, 3], in place. */

/** PIL's grey level of a pixel: ITU-R 601 in 16-bit fixed point. Source: Pillow, src/libImaging/Convert.c `L24`. */
export const greyLevel = (red: number, green: number, blue: number): number => (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16

/** Mirrors left and right. */
export function flipAcross(rgb: Uint8Array, width: number): void {
  const line = width * 3
  for (let start = 0; start < rgb.length; start += line) {
    for (let left = start, right = start + line - 3; left < right; left += 3, right -= 3) {
      for (let channel = 0; channel < 3; channel++) {
        const level = rgb[left + channel]!
        rgb[left + channel] = rgb[right + channel]!
        rgb[right + channel] = level
      }
    }
  }
}

/** Takes the colour away; three equal channels stay. */
export function removeColour(rgb: Uint8Array): void {
  for (let at = 0; at < rgb.length; at += 3) rgb[at] = rgb[at + 1] = rgb[at + 2] = greyLevel(rgb[at]!, rgb[at + 1]!, rgb[at + 2]!)
}

/** Replaces every level by its entry in a table of 256. */
export function mapLevels(rgb: Uint8Array, table: Uint8Array): void {
  for (let at = 0; at < rgb.length; at++) rgb[at] = table[rgb[at]!]!
}

/** Inverts the levels from `threshold` on. Source: PIL ImageOps.solarize. */
export function solarizeFrom(rgb: Uint8Array, threshold: number): void {
  mapLevels(rgb, Uint8Array.from({ length: 256 }, (_, level) => (level < threshold ? level : 255 - level)))
}
