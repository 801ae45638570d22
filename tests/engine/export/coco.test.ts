/** @file COCO masks, read back by a decoder of its own. */
import { describe, expect, it } from 'vitest'
import { appendCoco, cocoMasks, type CocoImage } from '../../../src/engine/export'
import { columnRuns, compressRuns } from '../../../src/engine/export/coco'
import { randomStream } from '../../../src/engine/tensor'

/** Source: cocoapi/common/maskApi.c rleFrString, by its description: groups of five bits, lowest first, signed, differences from the run two before. */
function readRuns(text: string): number[] {
  const runs: number[] = []
  let place = 0
  while (place < text.length) {
    let [value, shift, bits] = [0, 0, 0x20]
    while ((bits & 0x20) !== 0) {
      bits = text.charCodeAt(place++) - 48
      value |= (bits & 0x1f) << shift
      shift += 5
      if ((bits & 0x20) === 0 && (bits & 0x10) !== 0) value |= -1 << shift
    }
    runs.push(runs.length > 2 ? value + runs[runs.length - 2]! : value)
  }
  return runs
}

function paint(runs: readonly number[], height: number, width: number): boolean[] {
  const pixels = Array<boolean>(height * width).fill(false)
  let at = 0
  runs.forEach((run, index) => {
    for (let step = 0; step < run; step++, at++) pixels[(at % height) * width + Math.floor(at / height)] = index % 2 === 1
  })
  return pixels
}

describe('COCO masks', () => {
  it('are the runs that the format names for a known mask', () => {
    // Columns: 0 1 1, 0 1 0.
    const mask = [false, false, true, true, true, false]
    const runs = columnRuns(3, 2, (index) => mask[index]!)
    expect([runs, compressRuns([6, 1, 40, 4, 5, 4, 5, 4, 21])]).toEqual([[1, 2, 1, 1, 1], '61X13mN000`0'])
  })

  it('of any labels decode to those labels', () => {
    const random = randomStream(3)
    const [height, width] = [37, 53]
    const labels = Uint16Array.from({ length: height * width }, (_, index) => (random.uniform() < 0.2 ? 65_535 : Math.floor(index / 400)))
    const decoded = new Uint16Array(labels.length).fill(65_535)
    for (const { category, counts, area, box } of cocoMasks(labels, width, 65_535)) {
      const inside = paint(readRuns(counts), height, width)
      expect(inside.filter(Boolean).length).toBe(area)
      inside.forEach((isIn, index) => {
        if (!isIn) return
        decoded[index] = category
        const [x, y] = [index % width, Math.floor(index / width)]
        expect(x >= box[0] && x < box[0] + box[2] && y >= box[1] && y < box[1] + box[3]).toBe(true)
      })
    }
    expect(decoded).toEqual(labels)
  })

  it('make one JSON of all pictures', async () => {
    const images = async function* (): AsyncGenerator<CocoImage> {
      for (const name of ['=a.png', 'b/c.png']) yield await Promise.resolve({ fileName: name, height: 1, width: 2, masks: [{ category: 1, counts: '02', area: 2, box: [0, 0, 2, 1] as const }] })
    }
    let text = ''
    await appendCoco((part) => Promise.resolve(void (text += String(part))), 'Leaves', [{ id: 1, name: 'leaf' }], images())
    expect(JSON.parse(text)).toMatchObject({
      categories: [{ id: 1, name: 'leaf' }],
      images: [{ id: 1, file_name: '=a.png' }, { id: 2, file_name: 'b/c.png' }],
      annotations: [{ id: 1, image_id: 1, category_id: 1, segmentation: { size: [1, 2], counts: '02' }, area: 2, bbox: [0, 0, 2, 1] }, { id: 2, image_id: 2 }],
    })
  })
})
