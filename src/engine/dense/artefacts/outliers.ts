/** @file Artefacts: patch tokens far longer than the others, in which the model keeps something else than the picture there. */
import type { Artefacts } from '../../contract'

/** A token this many deviations above the median … */
const deviations = 8
/** … and this many times as long is an artefact: without the second, pictures whose tokens are all about as long would have some. */
const times = 2.5
/** Standard deviation of a normal distribution over its median absolute deviation. */
const perMad = 1.4826

function medianOf(values: Float32Array): number {
  if (values.length === 0) return 0
  const sorted = Float32Array.from(values).sort()
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/**
 * Tokens that stand out by their length. It is looked at before the final norm: after it tokens are about as long as each
 * other, whatever they were.
 * @param lengths of the patch tokens before the final norm, float32 [patches]
 * Source: Darcet et al., "Vision transformers need registers" (arXiv 2309.16588), section 2; the threshold is ours, since
 * theirs (150) is that of one model.
 */
export function findArtefacts(lengths: Float32Array): Artefacts {
  const median = medianOf(lengths)
  const deviation = perMad * medianOf(lengths.map((length) => Math.abs(length - median)))
  const threshold = Math.max(median + deviations * deviation, times * median)
  const outlier = Uint8Array.from(lengths, (length) => (length > threshold ? 1 : 0))
  const found = outlier.reduce((sum, value) => sum + value, 0)
  const rule = `longer than ${threshold.toPrecision(3)} before the final norm (median ${median.toPrecision(3)}; ${deviations} deviations above it, at least ${times} times it)`
  return { norms: lengths, outlier, threshold, note: found === 0 ? `No artefacts: no patch token is ${rule}` : `${found} of ${lengths.length} patch tokens are ${rule}` }
}
