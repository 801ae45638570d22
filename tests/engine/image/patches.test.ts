import { describe, expect, it } from 'vitest'
import { writePatchRows } from '../../../src/engine/image'
import { thrownBy } from '../../helpers/thrown'

const mean = [0.485, 0.456, 0.406] as const
const std = [0.229, 0.224, 0.225] as const

describe('writePatchRows', () => {
  it('orders each row as a convolution orders its weights: channel, y, x', () => {
    const height = 4
    const width = 6
    const patchSize = 2
    const rgb = Uint8Array.from({ length: height * width * 3 }, (_, index) => index)
    const target = new Float32Array(5 + rgb.length).fill(-9)
    writePatchRows({ rgb, height, width }, patchSize, mean, std, target, 5)
    const expected = [-9, -9, -9, -9, -9]
    for (let row = 0; row < height / patchSize; row++)
      for (let column = 0; column < width / patchSize; column++)
        for (let channel = 0; channel < 3; channel++)
          for (let y = 0; y < patchSize; y++)
            for (let x = 0; x < patchSize; x++) {
              const level = rgb[((row * patchSize + y) * width + column * patchSize + x) * 3 + channel] ?? NaN
              const value = Math.fround(Math.fround(level / 255) - Math.fround(mean[channel] ?? NaN)) / Math.fround(std[channel] ?? NaN)
              expected.push(Math.fround(value))
            }
    expect([...target]).toEqual(expected)
  })

  it.each([
    ['edges that are not whole patches', { rgb: new Uint8Array(7 * 8 * 3), height: 7, width: 8 }, 7 * 8 * 3, 0],
    ['a target that is too short', { rgb: new Uint8Array(8 * 8 * 3), height: 8, width: 8 }, 8 * 8 * 3, 1],
    ['pixels that are missing', { rgb: new Uint8Array(8 * 8), height: 8, width: 8 }, 8 * 8 * 3, 0],
  ])('refuses %s', async (_name, image, length, offset) => {
    expect(await thrownBy(() => writePatchRows(image, 4, mean, std, new Float32Array(length), offset))).toMatchObject({ code: 'INTERNAL' })
  })
})
