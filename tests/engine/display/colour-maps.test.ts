/** @file The colour maps agree with the published tables and with each other's conventions. */
import { describe, expect, it } from 'vitest'
import { applyColourMap, colourMap, colourMapNames, type ColourMapName } from '../../../src/engine/display'

const hexTriple = (hex: string): number[] => [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16))

describe('colourMap', () => {
  // Entries 0, 128 and 255 of matplotlib's own tables.
  // The fit of turbo is known to be loose at its dark ends; everywhere else the eye cannot tell.
  it.each<readonly [ColourMapName, string, string, string, number]>([
    ['inferno', '000004', 'bc3754', 'fcffa4', 12],
    ['viridis', '440154', '21918c', 'fde725', 12],
    ['magma', '000004', 'b73779', 'fcfdbf', 12],
    ['turbo', '30123b', 'a4fc3c', '7a0403', 34],
    ['grey', '000000', '808080', 'ffffff', 0],
  ])('%s follows the published table at its ends and in the middle', (name, first, middle, last, tolerance) => {
    const table = colourMap(name)
    for (const [entry, hex] of [[0, first], [128, middle], [255, last]] as const) {
      const difference = hexTriple(hex).map((value, channel) => Math.abs(value - (table[entry * 3 + channel] ?? -999)))
      expect(Math.max(...difference), `${name}[${entry}]`).toBeLessThanOrEqual(tolerance)
    }
  })

  it.each(['inferno', 'viridis', 'magma', 'grey'] as const)('%s never gets darker by more than rounding as the value grows', (name) => {
    const table = colourMap(name)
    const lightness = (entry: number): number =>
      0.2126 * (table[entry * 3] ?? 0) + 0.7152 * (table[entry * 3 + 1] ?? 0) + 0.0722 * (table[entry * 3 + 2] ?? 0)
    for (let entry = 1; entry < 256; entry += 1) expect(lightness(entry) - lightness(entry - 1)).toBeGreaterThan(-1)
  })

  it('gives every map 256 colours and the same table each time', () => {
    for (const name of colourMapNames) {
      expect(colourMap(name)).toHaveLength(256 * 3)
      expect(colourMap(name)).toBe(colourMap(name))
    }
  })
})

describe('applyColourMap', () => {
  it('maps the range onto the table, clamps outside it and leaves NaN transparent', () => {
    const rgba = applyColourMap([0, 1, 0.5, -7, 7, Number.NaN], 0, 1, 'grey')
    expect([...rgba]).toEqual([0, 0, 0, 255, 255, 255, 255, 255, 128, 128, 128, 255, 0, 0, 0, 255, 255, 255, 255, 255, 0, 0, 0, 0])
  })

  it('gives a constant field the first colour', () => {
    expect([...applyColourMap([3, 3], 3, 3, 'grey')]).toEqual([0, 0, 0, 255, 0, 0, 0, 255])
  })
})
