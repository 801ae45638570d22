/** @file Every operation of the augmentation against torchvision on PIL images; see tests/fixtures/augment/make-augment.py. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { blurAsPil } from '../../../../src/engine/image/augment/blur-pil'
import { blurAsTorchvision } from '../../../../src/engine/image/augment/blur-torchvision'
import { applyDraws } from '../../../../src/engine/image/augment/crop'
import type { CropDraws } from '../../../../src/engine/image/augment/draw'
import { adjustBrightness, adjustContrast, adjustSaturation } from '../../../../src/engine/image/augment/enhance'
import { adjustHue } from '../../../../src/engine/image/augment/hue'
import { flipAcross, removeColour, solarizeFrom } from '../../../../src/engine/image/augment/pointwise'
import { decodeRgb, type RgbPixels } from '../../../../src/engine/image/decode'
import { readHeader } from '../../../../src/engine/image/header'
import { readImageFile } from '../../../../src/engine/image/read-file'
import { resampleBox } from '../../../../src/engine/image/resample'
import { dinoGlobal } from './recipes'

const fixtures = join(import.meta.dirname, '../../../fixtures')

interface Case {
  readonly operation: string
  readonly arguments: readonly number[]
}

interface Expected {
  readonly source: { readonly width: number; readonly height: number; readonly rgb: string }
  readonly operations: readonly (Case & { readonly rgb: string })[]
  readonly cube: readonly (Case & { readonly sha256: string })[]
  readonly crops: readonly { readonly picture: string; readonly size: number; readonly draws: CropDraws; readonly sha256: string }[]
}

const expected = JSON.parse(readFileSync(join(fixtures, 'augment/expected.json'), 'utf8'), (_key, value: unknown) => value ?? undefined) as Expected
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'))
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const source: RgbPixels = { ...expected.source, rgb: bytesOf(expected.source.rgb) }

/** An operation that works in place, on a copy. */
const copied =
  (change: (rgb: Uint8Array, amount: number, width: number) => void) =>
  ({ rgb, width }: RgbPixels, [amount = 0]: readonly number[]): Uint8Array => {
    const copy = rgb.slice()
    change(copy, amount, width)
    return copy
  }

const operations: Readonly<Record<string, (picture: RgbPixels, values: readonly number[]) => Uint8Array>> = {
  brightness: copied(adjustBrightness),
  contrast: copied(adjustContrast),
  saturation: copied(adjustSaturation),
  hue: copied(adjustHue),
  solarize: copied(solarizeFrom),
  grayscale: copied(removeColour),
  flip: copied((rgb, _amount, width) => flipAcross(rgb, width)),
  blurPil: copied((rgb, sigma, width) => blurAsPil({ rgb, width, height: rgb.length / width / 3 }, sigma)),
  blurTorchvision: (picture, [kernel = 0, sigma = 0]) => blurAsTorchvision(picture, kernel, sigma),
  crop: (picture, [left = 0, top = 0, width = 0, height = 0, size = 0]) => resampleBox(picture, { left, top, width, height }, size, size),
}

function run({ operation, arguments: values }: Case, picture: RgbPixels): Uint8Array {
  const apply = operations[operation]
  if (apply === undefined) throw new Error(`the fixture has an unknown operation ${operation}`)
  return apply(picture, values)
}

describe('the operations of the augmentation', () => {
  it('are all in the fixture', () => {
    expect(new Set(expected.operations.map(({ operation }) => operation))).toEqual(new Set(Object.keys(operations)))
  })

  it.each(expected.operations.map((entry) => [`${entry.operation}(${entry.arguments.join(', ')})`, entry] as const))('give the very bytes of PIL for %s', (_name, entry) => {
    expect(run(entry, source)).toEqual(bytesOf(entry.rgb))
  })

  it.each(expected.cube.map((entry) => [`${entry.operation}(${entry.arguments.join(', ')})`, entry] as const))('give the very bytes of PIL for colours all over the cube: %s', (_name, entry) => {
    const rgb = new Uint8Array(52 ** 3 * 3).map((_, index) => (Math.floor(Math.floor(index / 3) / 52 ** (2 - (index % 3))) % 52) * 5)
    expect(sha256(run(entry, { rgb, width: 2704, height: 52 }))).toBe(entry.sha256)
  })

  it.each(expected.crops.map((entry) => [`${entry.picture} at ${entry.size}`, entry] as const))('make the very crop of the references from %s', async (_name, { picture, size, draws, sha256: digest }) => {
    const bytes = await readImageFile(join(fixtures, 'goldens/preprocess', picture))
    const pixels = await decodeRgb(bytes, await readHeader(bytes))
    expect(sha256(applyDraws(pixels, { ...dinoGlobal, size }, draws))).toBe(digest)
  })
})
