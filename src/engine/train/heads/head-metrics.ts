/** @file How far a head is from what is known of pictures that it did not learn from. */

/** Root mean square error in metres, and the share of the spread that is explained (R²). */
export function measureDepth(found: Float32Array, targets: Float32Array): { readonly rmse: number; readonly explained: number } {
  const middle = targets.reduce((sum, value) => sum + value, 0) / targets.length
  let [square, spread] = [0, 0]
  targets.forEach((value, index) => {
    square += (found[index]! - value) ** 2
    spread += (value - middle) ** 2
  })
  return { rmse: Math.sqrt(square / targets.length), explained: spread === 0 ? 0 : 1 - square / spread }
}

/** Share of patches that are right, and intersection over union, the mean over classes that are there or were said. @param scores float32 [count, classes] */
export function measureClasses(scores: Float32Array, targets: Float32Array, classes: number): { readonly accuracy: number; readonly mIoU: number } {
  const [both, either] = [new Float64Array(classes), new Float64Array(classes)]
  targets.forEach((target, row) => {
    let best = 0
    for (let label = 1; label < classes; label++) if (scores[row * classes + label]! > scores[row * classes + best]!) best = label
    either[target]!++
    if (best === target) both[best]!++
    else either[best]!++
  })
  const there = [...either.keys()].filter((label) => either[label]! > 0)
  return { accuracy: both.reduce((sum, value) => sum + value, 0) / targets.length, mIoU: there.reduce((sum, label) => sum + both[label]! / either[label]!, 0) / there.length }
}
