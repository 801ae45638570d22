/** @file Masks as another program would read them: COCO's runs, and what a mask takes of its picture. */

/** 1 inside, uint8 [height, width]. Source: cocoapi/common/maskApi.c, rleFrString and rleDecode. */
export function decodeRuns(counts: string, height: number, width: number): Uint8Array {
  const runs: number[] = []
  for (let at = 0; at < counts.length; ) {
    let [value, shift, bits] = [0, 0, 0x20]
    for (; (bits & 0x20) !== 0; shift += 5) {
      bits = counts.charCodeAt(at++) - 48
      value |= (bits & 0x1f) << shift
    }
    if ((bits & 0x10) !== 0) value |= -1 << shift
    runs.push(runs.length > 2 ? value + runs[runs.length - 2]! : value)
  }
  const mask = new Uint8Array(height * width)
  let place = 0
  runs.forEach((run, index) => {
    for (const end = place + run; place < end; place++) mask[(place % height) * width + Math.floor(place / height)] = index % 2
  })
  return mask
}

export interface MaskFacts {
  readonly share: number
  /** Connected by sides. */
  readonly pieces: number
  /** In fractions, from the left and from the top. */
  readonly centre: readonly [number, number]
}

export function factsOf(mask: Uint8Array, height: number, width: number): MaskFacts {
  const left = mask.slice()
  let [area, x, y, pieces] = [0, 0, 0, 0]
  for (let start = 0; start < left.length; start++) {
    if (left[start] !== 1) continue
    pieces++
    const edge = [start]
    left[start] = 0
    for (let at = edge.pop(); at !== undefined; at = edge.pop()) {
      const [column, row] = [at % width, Math.floor(at / width)]
      area++
      x += (column + 0.5) / width
      y += (row + 0.5) / height
      const beside = [...(column > 0 ? [at - 1] : []), ...(column + 1 < width ? [at + 1] : []), ...(row > 0 ? [at - width] : []), ...(row + 1 < height ? [at + width] : [])]
      for (const next of beside) {
        if (left[next] !== 1) continue
        left[next] = 0
        edge.push(next)
      }
    }
  }
  return { share: area / mask.length, pieces, centre: [x / area, y / area] }
}
