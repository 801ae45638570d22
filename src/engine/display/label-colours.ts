/** @file Colours of numbered things: far apart, the same number always the same colour. */

export type LabelColour = readonly [red: number, green: number, blue: number]

/** The turn of hue that never comes near to where it was: the golden angle, as a share of the circle. */
const goldenTurn = 0.618033988749895
const lightness = [0.62, 0.5, 0.74] as const
const saturation = [0.72, 0.62, 0.55] as const

/** HSL to RGB. Source: CSS Color 4, §7.1. */
function fromHsl(hue: number, colourfulness: number, light: number): LabelColour {
  const channel = (offset: number): number => {
    const place = (offset + hue * 12) % 12
    return Math.round(255 * (light - colourfulness * Math.min(light, 1 - light) * Math.max(-1, Math.min(place - 3, 9 - place, 1))))
  }
  return [channel(0), channel(8), channel(4)]
}

/** Colour of label `number`, 0..255 each: neighbouring numbers differ most; every seventh is lighter or darker. */
export function labelColour(number: number): LabelColour {
  const band = Math.floor(number / 7) % 3
  return fromHsl((0.02 + number * goldenTurn) % 1, saturation[band] ?? saturation[0], lightness[band] ?? lightness[0])
}

/** How a label of a mask is shown that has no colour of its own; black is background. */
export function maskColour(label: number): LabelColour {
  return label === 0 ? [0, 0, 0] : labelColour(label - 1)
}
