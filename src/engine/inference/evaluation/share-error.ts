/** @file How far a mean of shares may lie from what many more pictures would give. */

/**
 * Standard error of the mean of `count` values in 0..1, as if there were two more at 0 and two more at 1: 4 of 4 is not beyond doubt.
 * Of values that are 0 or 1 it is the binomial one of Agresti & Coull (Approximate is better than "exact" for interval estimation
 * of binomial proportions, 1998).
 * @param squares sum of the squares of the values
 */
export function shareError(sum: number, squares: number, count: number): number {
  const mean = (sum + 2) / (count + 4)
  return Math.sqrt(Math.max(0, (squares + 2) / (count + 4) - mean ** 2) / (count + 4))
}

/** Likewise of an accuracy. */
export function binomialError(correct: number, count: number): number {
  return shareError(correct, correct, count)
}
