/** @file Pictures of one colour: what differs between their patches is their place alone, and no object. */

/** Levels between which a colour is still the same. */
const sameLevels = 2

/** Whether all pixels are of one colour. @param rgb uint8 [pixels, 3] */
export function isOneColour(rgb: Uint8Array): boolean {
  const lowest = [255, 255, 255]
  const highest = [0, 0, 0]
  for (let index = 0; index < rgb.length; index += 3)
    for (let channel = 0; channel < 3; channel++) {
      const value = rgb[index + channel]!
      if (value < lowest[channel]!) lowest[channel] = value
      if (value > highest[channel]!) highest[channel] = value
      if (highest[channel]! - lowest[channel]! > sameLevels) return false
    }
  return true
}
