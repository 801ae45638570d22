/** @file How much of a picture each segment takes, in how many pieces, and where. */
import type { SegmentMeasure } from '../../contract'
import { connectedComponents } from '../components'

/**
 * Measures of the segments that a picture has, the largest first.
 * @param labels segment of each patch, [height, width]
 */
export function measureSegments(labels: Uint16Array, { height, width }: { readonly height: number; readonly width: number }): readonly SegmentMeasure[] {
  const patches = new Map<number, number[]>()
  labels.forEach((segment, patch) => {
    const known = patches.get(segment)
    if (known === undefined) patches.set(segment, [patch])
    else known.push(patch)
  })
  const measure = ([segment, members]: readonly [number, readonly number[]]): SegmentMeasure => {
    const inside = new Uint8Array(labels.length)
    let [x, y] = [0, 0]
    for (const patch of members) {
      inside[patch] = 1
      x += ((patch % width) + 0.5) / width
      y += (Math.floor(patch / width) + 0.5) / height
    }
    return {
      segment,
      patches: members.length,
      share: members.length / labels.length,
      components: connectedComponents(inside, width).count,
      centroid: [x / members.length, y / members.length],
    }
  }
  return [...patches].map(measure).sort((a, b) => b.patches - a.patches || a.segment - b.segment)
}
