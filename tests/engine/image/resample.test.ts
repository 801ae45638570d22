import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { decodeRgb } from '../../../src/engine/image/decode'
import { evaluationWindow } from '../../../src/engine/image/geometry'
import { readHeader } from '../../../src/engine/image/header'
import { readImageFile } from '../../../src/engine/image/read-file'
import { resampleWindow } from '../../../src/engine/image/resample'
import { readGoldenTensors } from '../../helpers/golden-tensors'
import { quarters } from '../../helpers/pictures'

const whole = (width: number, height: number) => ({ width, height, left: 0, top: 0, windowWidth: width, windowHeight: height })
const goldens = join(import.meta.dirname, '../../fixtures/goldens/preprocess')
const mean = [0.485, 0.456, 0.406]
const std = [0.229, 0.224, 0.225]

describe('resampleWindow', () => {
  it('leaves a picture of the wanted size as it is', () => {
    const rgb = quarters(31, 17)
    expect(resampleWindow({ rgb, width: 31, height: 17 }, whole(31, 17))).toEqual(new Uint8Array(rgb))
  })

  it.each([
    ['smaller', 7, 5],
    ['larger', 90, 70],
    ['smaller across, larger down', 9, 50],
  ])('keeps one colour everywhere when made %s', (_name, width, height) => {
    const rgb = new Uint8Array(40 * 30 * 3).map((_, index) => [200, 13, 255][index % 3] ?? 0)
    const expected = new Uint8Array(width * height * 3).map((_, index) => [200, 13, 255][index % 3] ?? 0)
    expect(resampleWindow({ rgb, width: 40, height: 30 }, whole(width, height))).toEqual(expected)
  })

  it('computes a window as the same part of the whole', () => {
    const source = { rgb: quarters(61, 47), width: 61, height: 47 }
    const all = resampleWindow(source, whole(29, 23))
    const part = resampleWindow(source, { width: 29, height: 23, left: 5, top: 3, windowWidth: 11, windowHeight: 7 })
    const expected = Array.from({ length: 7 }, (_, row) => [...all.subarray(((row + 3) * 29 + 5) * 3, ((row + 3) * 29 + 16) * 3)]).flat()
    expect([...part]).toEqual(expected)
  })

  it('sharpens an edge by the values PIL gives it', () => {
    // Image.new('RGB', (8, 1)) with 100 in the left half and 200 in the right, resize((4, 1)) and resize((16, 1)) in Pillow.
    const rgb = new Uint8Array(24).map((_, index) => (index < 12 ? 100 : 200))
    const source = { rgb, width: 8, height: 1 }
    const reds = (pixels: Uint8Array): number[] => [...pixels].filter((_, index) => index % 3 === 0)
    expect({ smaller: reds(resampleWindow(source, whole(4, 1))), larger: reds(resampleWindow(source, whole(16, 1))) }).toEqual({
      smaller: [99, 107, 193, 201],
      larger: [100, 100, 100, 100, 100, 98, 93, 120, 180, 207, 202, 200, 200, 200, 200, 200],
    })
  })

  it.each([...readGoldenTensors(join(goldens, 'expected.safetensors'))])('gives the very bytes PIL gives for %s', async (name, { data }) => {
    const bytes = await readImageFile(join(goldens, name))
    const source = await decodeRgb(bytes, await readHeader(bytes))
    const rgb = resampleWindow(source, evaluationWindow(source.width, source.height, 256, 224))
    const expected = rgb.map((_, index) => {
      const channel = index % 3
      return Math.round(((data[channel * 224 * 224 + (index - channel) / 3] ?? NaN) * (std[channel] ?? NaN) + (mean[channel] ?? NaN)) * 255)
    })
    expect(Buffer.compare(rgb, expected)).toBe(0)
  })
})
