/** @file Labels over a grid, made larger and smaller, and as one field for each class. */
import type { Size } from '../edges/region'

/** uint8 [height, width]. */
export interface LabelMask extends Size {
  readonly labels: Uint8Array
}

/** The value under the middle of each new cell. Source: Pillow, `Image.NEAREST`. */
export function resizeNearest({ labels, height, width }: LabelMask, to: Size): LabelMask {
  const resized = new Uint8Array(to.height * to.width)
  const columns = Uint32Array.from({ length: to.width }, (_, x) => Math.floor(((x + 0.5) * width) / to.width))
  for (let y = 0; y < to.height; y++) {
    const row = Math.floor(((y + 0.5) * height) / to.height) * width
    for (let x = 0; x < to.width; x++) resized[y * to.width + x] = labels[row + columns[x]!]!
  }
  return { labels: resized, height: to.height, width: to.width }
}

/** The labels that there are, rising; 0, the background, always. */
export function classesOf(labels: Uint8Array): readonly number[] {
  return [...new Set([0, ...new Set(labels)])].sort((a, b) => a - b)
}

/** 1 where a cell has the class, float32 [classes, cells]. */
export function oneHot(labels: Uint8Array, classes: readonly number[]): Float32Array {
  const soft = new Float32Array(classes.length * labels.length)
  const indexOf = new Map(classes.map((label, index) => [label, index]))
  labels.forEach((label, cell) => {
    const index = indexOf.get(label)
    if (index !== undefined) soft[index * labels.length + cell] = 1
  })
  return soft
}
