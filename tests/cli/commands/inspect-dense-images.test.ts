/** @file The pictures of parts, objects and artefacts that inspect writes, pixel by pixel. */
import { describe, expect, it } from 'vitest'
import { artefactPicture, objectBox, objectPicture, partPictures } from '../../../src/cli/commands/inspect-dense-images'
import type { NamedPixels } from '../../../src/cli/commands/inspect-images'
import { colourMap, labelColour } from '../../../src/engine/display'

const grid = { height: 2, width: 2 }
const black = { rgb: new Uint8Array(8 * 8 * 3), height: 8, width: 8 }
const found = { method: 'tokencut', mask: Uint8Array.of(0, 1, 0, 1), field: new Float32Array(4), box: [1, 0, 1, 2], seed: 1, note: '' } as const

const pixel = ({ rgb, width }: NamedPixels, x: number, y: number): number[] => [...rgb.subarray(3 * (y * width + x), 3 * (y * width + x) + 3)]

describe('partPictures', () => {
  it('has one colour for each part, as blocks and over the picture', () => {
    const [blocks, overlay] = partPictures(Uint8Array.of(0, 1, 1, 2), grid, black)
    expect([blocks?.name, overlay?.name, pixel(blocks!, 0, 0), pixel(blocks!, 7, 7), pixel(overlay!, 7, 0)]).toEqual([
      'segments.png',
      'segments-overlay.png',
      [...labelColour(0)],
      [...labelColour(2)],
      labelColour(1).map((value) => Math.round(0.6 * value)),
    ])
  })
})

describe('objectPicture', () => {
  it('tints the object, its seed more, and draws its box', () => {
    const picture = objectPicture(found, grid, black)
    expect([picture.name, pixel(picture, 1, 1), pixel(picture, 5, 2), pixel(picture, 5, 5), pixel(picture, 4, 3), pixel(picture, 7, 7)]).toEqual(['object-tokencut.png', [0, 0, 0], [51, 176, 96], [26, 88, 48], [255, 64, 64], [255, 64, 64]])
    expect(objectBox(found, grid, black)).toEqual([4, 0, 4, 8])
  })

  it('is the picture where nothing stands out', () => {
    const nothing = { ...found, mask: new Uint8Array(4), box: [0, 0, 0, 0], seed: -1 } as const
    expect([objectBox(nothing, grid, black), objectPicture(nothing, grid, black).rgb]).toEqual([undefined, black.rgb])
  })
})

describe('artefactPicture', () => {
  it('shows lengths by a scale without the artefacts, which have a colour of their own', () => {
    const picture = artefactPicture({ norms: Float32Array.of(1, 2, 500, 1), outlier: Uint8Array.of(0, 0, 1, 0), threshold: 4, note: '' }, grid, black)
    const [lowest, highest] = [0, 255].map((entry) => [...colourMap('inferno').subarray(3 * entry, 3 * entry + 3)])
    expect([picture.name, pixel(picture, 0, 0), pixel(picture, 7, 0), pixel(picture, 0, 7)]).toEqual(['artefacts.png', lowest, highest, [255, 0, 255]])
  })
})
