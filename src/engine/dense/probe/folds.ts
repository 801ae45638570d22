/** @file Examples divided for cross-validation: what comes from one picture is never on both sides. */

/** Up to here each picture is left out once; above, a fifth of them at a time. */
const mostLeftOut = 12
const foldCount = 5

/**
 * Fold of each example: pictures are dealt out class by class, those of the rarest class first, so that each fold has its share.
 * @param labels class of each example
 * @param groups picture of each example, from 0
 * @returns undefined where a class that has examples is in fewer than two pictures
 */
export function foldsOf(labels: Int32Array, groups: Int32Array, classes: number): { readonly folds: number; readonly foldOf: Int32Array } | undefined {
  const having = Array.from({ length: classes }, () => new Set<number>())
  labels.forEach((label, index) => having[label]!.add(groups[index]!))
  const used = having.filter(({ size }) => size > 0)
  if (used.length === 0 || used.some(({ size }) => size < 2)) return undefined
  const pictures = new Set(groups).size
  const folds = pictures <= mostLeftOut ? pictures : foldCount
  const fold = new Map<number, number>()
  for (const members of used.sort((a, b) => a.size - b.size)) for (const group of [...members].sort((a, b) => a - b)) if (!fold.has(group)) fold.set(group, fold.size % folds)
  return { folds, foldOf: groups.map((group) => fold.get(group)!) }
}
