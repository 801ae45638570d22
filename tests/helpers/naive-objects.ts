/** @file TokenCut and LOST as their papers' code reads, by plain loops and a dense eigenvalue solver: what the engine's are held against. */

export interface NaiveFeatures {
  /** [patches][dim]. */
  readonly keys: readonly (readonly number[])[]
  readonly width: number
}

export interface NaiveObject {
  readonly mask: readonly number[]
  /** left, top, width, height. */
  readonly box: readonly number[]
  readonly seed: number
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, index) => sum + value * b[index]!, 0)

/** All eigenvalues and eigenvectors of a symmetric matrix by Jacobi's rotations; `vectors[row][k]` belongs to `values[k]`. */
export function jacobi(symmetric: readonly (readonly number[])[]): { readonly values: readonly number[]; readonly vectors: readonly (readonly number[])[] } {
  const n = symmetric.length
  const a = symmetric.map((row) => Float64Array.from(row))
  const v = symmetric.map((_, row) => Float64Array.from({ length: n }, (_value, column) => (row === column ? 1 : 0)))
  for (let sweep = 0; sweep < 30; sweep++) {
    let off = 0
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) off += a[p]![q]! ** 2
    if (off < 1e-22) break
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        if (Math.abs(a[p]![q]!) < 1e-18) continue
        const theta = (a[q]![q]! - a[p]![p]!) / (2 * a[p]![q]!)
        const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1))
        const c = 1 / Math.sqrt(t * t + 1)
        const s = t * c
        for (let k = 0; k < n; k++) {
          const [x, y] = [a[k]![p]!, a[k]![q]!]
          a[k]![p] = c * x - s * y
          a[k]![q] = s * x + c * y
        }
        const [rowP, rowQ] = [a[p]!, a[q]!]
        for (let k = 0; k < n; k++) {
          const [x, y] = [rowP[k]!, rowQ[k]!]
          rowP[k] = c * x - s * y
          rowQ[k] = s * x + c * y
        }
        for (let k = 0; k < n; k++) {
          const [x, y] = [v[k]![p]!, v[k]![q]!]
          v[k]![p] = c * x - s * y
          v[k]![q] = s * x + c * y
        }
      }
  }
  return { values: a.map((row, index) => row[index]!), vectors: v.map((row) => [...row]) }
}

/** Flood fill from the seed over what is inside, sides touching; then the box. */
function pieceAround(inside: readonly boolean[], seed: number, width: number): NaiveObject {
  const mask = inside.map(() => 0)
  const waiting = [seed]
  while (waiting.length > 0) {
    const cell = waiting.pop()!
    if (!inside[cell] || mask[cell] === 1) continue
    mask[cell] = 1
    const x = cell % width
    if (x > 0) waiting.push(cell - 1)
    if (x < width - 1) waiting.push(cell + 1)
    if (cell >= width) waiting.push(cell - width)
    if (cell + width < inside.length) waiting.push(cell + width)
  }
  const cells = [...mask.keys()].filter((cell) => mask[cell] === 1)
  const xs = cells.map((cell) => cell % width)
  const ys = cells.map((cell) => Math.floor(cell / width))
  const [left, top] = [Math.min(...xs), Math.min(...ys)]
  return { mask, box: [left, top, Math.max(...xs) - left + 1, Math.max(...ys) - top + 1], seed }
}

/** TokenCut, object_discovery.py `ncut` with tau 0.2. `field` is y with the object positive. */
export function naiveTokenCut({ keys, width }: NaiveFeatures): NaiveObject & { readonly field: readonly number[]; readonly eigenvalues: readonly number[] } {
  const unit = keys.map((key) => key.map((value) => value / Math.sqrt(dot(key, key))))
  const weights = unit.map((a) => unit.map((b) => (dot(a, b) > 0.2 ? 1 : 1e-5)))
  const degrees = weights.map((row) => row.reduce((sum, value) => sum + value, 0))
  const laplacian = weights.map((row, i) => row.map((weight, j) => ((i === j ? degrees[i]! : 0) - weight) / Math.sqrt(degrees[i]! * degrees[j]!)))
  const { values, vectors } = jacobi(laplacian)
  const rising = [...values.keys()].sort((a, b) => values[a]! - values[b]!)
  const y = vectors.map((row, index) => row[rising[1]!]! / Math.sqrt(degrees[index]!))
  const mean = y.reduce((sum, value) => sum + value, 0) / y.length
  const seed = y.reduce((best, value, index) => (Math.abs(value) > Math.abs(y[best]!) ? index : best), 0)
  const flipped = !(y[seed]! > mean)
  const piece = pieceAround(y.map((value) => value > mean !== flipped), seed, width)
  return { ...piece, field: y.map((value) => (flipped ? -value : value)), eigenvalues: rising.map((index) => values[index]!) }
}

/** LOST, object_discovery.py `lost` with k_patches 100. */
export function naiveLost({ keys, width }: NaiveFeatures): NaiveObject {
  const products = keys.map((a) => keys.map((b) => dot(a, b)))
  const degrees = products.map((row, i) => row.filter((value, j) => i !== j && value > 0).length)
  const rising = [...degrees.keys()].sort((a, b) => degrees[a]! - degrees[b]! || a - b)
  const seed = rising[0]!
  const seeds = rising.slice(0, 100).filter((patch) => products[seed]![patch]! > 0)
  return pieceAround(keys.map((_, patch) => seeds.reduce((sum, other) => sum + products[other]![patch]!, 0) > 0), seed, width)
}

/** Area that two boxes share over the area that either covers. */
export function boxIou([leftA, topA, widthA, heightA]: readonly number[], [leftB, topB, widthB, heightB]: readonly number[]): number {
  const across = Math.max(0, Math.min(leftA! + widthA!, leftB! + widthB!) - Math.max(leftA!, leftB!))
  const down = Math.max(0, Math.min(topA! + heightA!, topB! + heightB!) - Math.max(topA!, topB!))
  return (across * down) / (widthA! * heightA! + widthB! * heightB! - across * down)
}
