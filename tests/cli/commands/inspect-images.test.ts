/** @file The pictures that inspect writes, pixel by pixel. */
import { describe, expect, it } from 'vitest'
import { inspectPictures, type NamedPixels } from '../../../src/cli/commands/inspect-images'
import { outputFolders } from '../../../src/cli/commands/inspect'
import { colourMap } from '../../../src/engine/display'

const grid = { height: 1, width: 2 }
const white = { rgb: new Uint8Array(2 * 4 * 3).fill(255), height: 2, width: 4 }
const attention = { layer: 0, query: 'cls', heads: 2, weights: Float32Array.of(0, 1, 1, 0), patchShare: Float32Array.of(1, 1) } as const
const pca = { rgb: Uint8Array.of(200, 100, 0, 1, 2, 3), foreground: Uint8Array.of(1, 0), explained: [], note: '' }
const pictures = new Map(inspectPictures(attention, pca, grid, white).map((picture) => [picture.name, picture]))
const [lowest, highest] = [0, 255].map((entry) => [...colourMap('inferno').subarray(3 * entry, 3 * entry + 3)])

function pixel(name: string, x: number, y = 0): number[] {
  const { rgb, width } = pictures.get(name) as NamedPixels
  return [...rgb.subarray(3 * (y * width + x), 3 * (y * width + x) + 3)]
}

describe('inspectPictures', () => {
  it('makes one map and one overlay for each head, for their mean and for PCA, as large as the picture', () => {
    expect([...pictures].map(([name, { height, width, rgb }]) => [name, height, width, rgb.length])).toEqual(
      ['attention-head-0', 'attention-head-1', 'attention-mean', 'pca'].flatMap((name) => [`${name}.png`, `${name}-overlay.png`]).map((name) => [name, 2, 4, 24]),
    )
  })

  it('shows each patch as a block of its colour', () => {
    expect([0, 1, 2, 3].map((x) => pixel('attention-head-0.png', x, 1))).toEqual([lowest, lowest, highest, highest])
    expect([0, 3].map((x) => pixel('attention-head-1.png', x))).toEqual([highest, lowest])
  })

  it('lays maps over the picture, strongest where it is attended to', () => {
    const blended = (colour: readonly number[] | undefined): number[] => (colour ?? []).map((value) => Math.round(255 * 0.4 + value * 0.6))
    expect([pixel('attention-head-0-overlay.png', 0), pixel('attention-head-0-overlay.png', 3)]).toEqual([blended(lowest), blended(highest)])
  })

  it('shows the foreground of PCA alone', () => {
    expect([pixel('pca.png', 0), pixel('pca.png', 3), pixel('pca-overlay.png', 0), pixel('pca-overlay.png', 3)]).toEqual([[200, 100, 0], [0, 0, 0], [222, 162, 102], [255, 255, 255]])
  })
})

describe('outputFolders', () => {
  it.each([
    [['/p/a.jpg'], ['/out']],
    [['/p/a.jpg', '/p/b.png'], ['/out/a', '/out/b']],
    [['/p/a.jpg', '/q/a.jpg', '/p/A.png', '/p/a-2.gif'], ['/out/a', '/out/a-2', '/out/A-3', '/out/a-2-2']],
  ])('for %j are %j', (images, folders) => {
    expect(outputFolders(images, '/out')).toEqual(folders)
  })
})
