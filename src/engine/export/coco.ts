/** @file COCO's JSON of masks: categories, images, and a run-length mask for each segment of each image. */
import type { Append } from './verified-write'

export interface CocoCategory {
  readonly id: number
  readonly name: string
}

/** One mask in one image. */
export interface CocoMask {
  readonly category: number
  readonly counts: string
  readonly area: number
  /** Left, top, width, height, in pixels. */
  readonly box: readonly [number, number, number, number]
}

/**
 * Runs of pixels outside and inside in turn, down the columns, beginning with outside.
 * @param inside whether a pixel belongs to the mask, by its index in [height, width]
 */
export function columnRuns(height: number, width: number, inside: (index: number) => boolean): number[] {
  const runs: number[] = []
  let [run, state] = [0, false]
  for (let x = 0; x < width; x++)
    for (let y = 0; y < height; y++) {
      if (inside(y * width + x) !== state) {
        runs.push(run)
        run = 0
        state = !state
      }
      run++
    }
  runs.push(run)
  return runs
}

/** Runs as COCO's text: differences from the run two before, five bits a character. Source: cocoapi/common/maskApi.c rleToString. */
export function compressRuns(runs: readonly number[]): string {
  let text = ''
  runs.forEach((run, index) => {
    let value = index > 2 ? run - runs[index - 2]! : run
    for (let more = true; more; ) {
      let bits = value & 0x1f
      value >>= 5
      more = (bits & 0x10) !== 0 ? value !== -1 : value !== 0
      if (more) bits |= 0x20
      text += String.fromCharCode(bits + 48)
    }
  })
  return text
}

/** Masks of all labels of one picture but `none`, by rising label. @param labels uint16 [height, width] */
export function cocoMasks(labels: Uint16Array, width: number, none: number): readonly CocoMask[] {
  const height = labels.length / width
  const boxes = new Map<number, { left: number; top: number; right: number; bottom: number; area: number }>()
  labels.forEach((label, index) => {
    if (label === none) return
    const [x, y] = [index % width, Math.floor(index / width)]
    const box = boxes.get(label) ?? { left: x, top: y, right: x, bottom: y, area: 0 }
    boxes.set(label, { left: Math.min(box.left, x), top: box.top, right: Math.max(box.right, x), bottom: y, area: box.area + 1 })
  })
  return [...boxes]
    .sort(([a], [b]) => a - b)
    .map(([category, { left, top, right, bottom, area }]) => ({
      category,
      counts: compressRuns(columnRuns(height, width, (index) => labels[index] === category)),
      area,
      box: [left, top, right - left + 1, bottom - top + 1],
    }))
}

export interface CocoImage {
  readonly fileName: string
  readonly height: number
  readonly width: number
  readonly masks: readonly CocoMask[]
}

/** Writes the file piece by piece, so that its size does not matter. @param images told one at a time */
export async function appendCoco(append: Append, description: string, categories: readonly CocoCategory[], images: AsyncIterable<CocoImage>): Promise<void> {
  await append(`{"info":${JSON.stringify({ description })},"categories":${JSON.stringify(categories)},"annotations":[`)
  const told: string[] = []
  let annotations = 0
  for await (const { fileName, height, width, masks } of images) {
    const imageId = told.length + 1
    told.push(JSON.stringify({ id: imageId, file_name: fileName, height, width }))
    for (const { category, counts, area, box } of masks)
      await append(`${annotations === 0 ? '' : ','}${JSON.stringify({ id: ++annotations, image_id: imageId, category_id: category, segmentation: { size: [height, width], counts }, area, bbox: box, iscrowd: 0 })}`)
  }
  await append('],"images":[')
  for (let from = 0; from < told.length; from += 1000) await append(`${from === 0 ? '' : ','}${told.slice(from, from + 1000).join()}`)
  await append(']}\n')
}
