/** @file The colour maps as 256-entry tables, computed once from published polynomials. Pure and free of imports. */

export const colourMapNames = ['inferno', 'viridis', 'magma', 'turbo', 'grey'] as const
export type ColourMapName = (typeof colourMapNames)[number]

/** Entries of a table. */
export const colourMapSize = 256

type Triple = readonly [red: number, green: number, blue: number]

/**
 * Coefficients of t^0, t^1, … per channel, for t in 0..1, results in 0..1.
 * Source: inferno, viridis, magma: Matt Zucker, https://www.shadertoy.com/view/WlfXRN (CC0), fitted to matplotlib's tables (CC0).
 * Source: turbo: Ruofei Du and Anton Mikhailov, Google 2019, https://gist.github.com/mikhailov-work/0d177465a8151eb6ede1768d51d476c7 (Apache-2.0).
 */
const polynomials: Readonly<Record<ColourMapName, readonly Triple[]>> = {
  inferno: [
    [0.0002189403691192265, 0.001651004631001012, -0.01948089843709184],
    [0.1065134194856116, 0.5639564367884091, 3.932712388889277],
    [11.60249308247187, -3.972853965665698, -15.9423941062914],
    [-41.70399613139459, 17.43639888205313, 44.35414519872813],
    [77.162935699427, -33.40235894210092, -81.80730925738993],
    [-71.31942824499214, 32.62606426397723, 73.20951985803202],
    [25.13112622477341, -12.24266895238567, -23.07032500287172],
  ],
  viridis: [
    [0.2777273272234177, 0.005407344544966578, 0.3340998053353061],
    [0.1050930431085774, 1.404613529898575, 1.384590162594685],
    [-0.3308618287255563, 0.214847559468213, 0.09509516302823659],
    [-4.634230498983486, -5.799100973351585, -19.33244095627987],
    [6.228269936347081, 14.17993336680509, 56.69055260068105],
    [4.776384997670288, -13.74514537774601, -65.35303263337234],
    [-5.435455855934631, 4.645852612178535, 26.3124352495832],
  ],
  magma: [
    [-0.002136485053939582, -0.000749655052795221, -0.005386127855323933],
    [0.2516605407371642, 0.6775232436837668, 2.494026599312351],
    [8.353717279216625, -3.577719514958484, 0.3144679030132573],
    [-27.66873308576866, 14.26473078096533, -13.64921318813922],
    [52.17613981234068, -27.94360607168351, 12.94416944238394],
    [-50.76852536473588, 29.04658282127291, 4.23415299384598],
    [18.65570506591883, -11.48977351997711, -5.601961508734096],
  ],
  turbo: [
    [0.13572138, 0.09140261, 0.1066733],
    [4.6153926, 2.19418839, 12.64194608],
    [-42.66032258, 4.84296658, -60.58204836],
    [132.13108234, -14.18503333, 110.36276771],
    [-152.94239396, 4.27729857, -89.90310912],
    [59.28637943, 2.82956604, 27.34824973],
  ],
  grey: [
    [0, 0, 0],
    [1, 1, 1],
  ],
}

function evaluate(coefficients: readonly Triple[], t: number, channel: 0 | 1 | 2): number {
  return coefficients.reduceRight((sum, coefficient) => sum * t + coefficient[channel], 0)
}

function buildTable(name: ColourMapName): Uint8Array {
  const table = new Uint8Array(colourMapSize * 3)
  for (let entry = 0; entry < colourMapSize; entry += 1) {
    for (const channel of [0, 1, 2] as const) {
      const value = evaluate(polynomials[name], entry / (colourMapSize - 1), channel)
      table[entry * 3 + channel] = Math.round(255 * Math.min(1, Math.max(0, value)))
    }
  }
  return table
}

const tables = new Map<ColourMapName, Uint8Array>()

/** The table of one map: uint8 [256, 3], lowest value first. Shared between callers, so not to be written to. */
export function colourMap(name: ColourMapName): Uint8Array {
  const known = tables.get(name)
  if (known !== undefined) return known
  const table = buildTable(name)
  tables.set(name, table)
  return table
}

/**
 * Colours of a field of numbers.
 * @param values any shape, read in order
 * @param min the value that gets the first colour; values below it too
 * @param max the value that gets the last colour; values above it too
 * @returns uint8 [values, 4]: red, green, blue, alpha; alpha is 0 where the value is not a number, 255 elsewhere
 */
export function applyColourMap(values: ArrayLike<number>, min: number, max: number, name: ColourMapName): Uint8Array<ArrayBuffer> {
  const table = colourMap(name)
  const scale = max > min ? (colourMapSize - 1) / (max - min) : 0
  const rgba = new Uint8Array(values.length * 4)
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] ?? Number.NaN
    if (Number.isNaN(value)) continue
    const entry = scale === 0 ? 0 : Math.min(colourMapSize - 1, Math.max(0, Math.round((value - min) * scale)))
    rgba[index * 4] = table[entry * 3] ?? 0
    rgba[index * 4 + 1] = table[entry * 3 + 1] ?? 0
    rgba[index * 4 + 2] = table[entry * 3 + 2] ?? 0
    rgba[index * 4 + 3] = 255
  }
  return rgba
}
