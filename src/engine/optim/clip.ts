/** @file By how much gradients are scaled down so that none is longer than allowed. */

/**
 * Factor of a gradient of length `norm`: min(1, limit / (norm + 1e-6)); 1 where there is no limit.
 * Source: per parameter dino/utils.py:132-141; per submodule dinov2/train/train.py:249-259 (torch clip_grad_norm_).
 */
export function clipFactor(norm: number, limit: number | undefined): number {
  return limit === undefined || limit <= 0 ? 1 : Math.min(1, limit / (norm + 1e-6))
}

/** √ of a sum of squares. */
export function normOf(squares: readonly number[]): number {
  return Math.sqrt(squares.reduce((total, square) => total + square, 0))
}
