/** @file Results of evaluations as tables: one for each set of pictures, features down, protocols across. */
import type { EvaluatedFeatures, EvaluationData, EvaluationInfo, EvaluationProtocol, Pooling } from '../../engine/contract'

/** Best of its column; so near to it that chance explains the difference; or behind. */
export type Standing = 'best' | 'near' | 'behind'

export interface EvaluationCell {
  readonly evaluation: EvaluationInfo
  /** Undefined where there is nothing to compare with. */
  readonly standing: Standing | undefined
}

export interface EvaluationRow {
  readonly key: string
  readonly name: string
  /** Which vector, or which size of pixels. */
  readonly note: string
  /** By column; undefined where it was not scored. */
  readonly cells: readonly (EvaluationCell | undefined)[]
}

/** Everything that was scored on the same pictures in the same classes. */
export interface EvaluationGroup {
  readonly hash: string
  /** Where the pictures lay when they were scored last. */
  readonly data: EvaluationData
  readonly createdAt: string
  readonly protocols: readonly EvaluationProtocol[]
  /** That vote in k-NN: they follow from the pictures, so all features have the same. */
  readonly neighbours: number | undefined
  readonly rows: readonly EvaluationRow[]
  readonly evaluationIds: readonly string[]
}

const protocols = ['knn', 'linear', 'retrieval'] as const satisfies readonly EvaluationProtocol[]
const poolingNames: Readonly<Record<Pooling, string>> = { cls: 'CLS', mean: 'mean of patches', 'cls+mean': 'CLS and mean' }
/** Standard errors of a difference up to which chance explains it. */
const chance = 2

/** The figure that a result is quoted by. */
export function headlineOf({ figures }: EvaluationInfo): { readonly value: number; readonly error: number } {
  const [first] = figures
  return { value: first?.value ?? 0, error: first?.error ?? 0 }
}

const keyOf = (features: EvaluatedFeatures): string => (features.kind === 'pixels' ? `pixels ${features.edge}` : [features.sha256, features.pooling, features.preparation].join())

function standingOf(evaluation: EvaluationInfo, column: readonly EvaluationInfo[]): Standing | undefined {
  if (column.length < 2) return undefined
  const best = column.reduce((most, one) => (headlineOf(one).value > headlineOf(most).value ? one : most))
  const [own, first] = [headlineOf(evaluation), headlineOf(best)]
  if (own.value === first.value) return 'best'
  return first.value - own.value <= chance * Math.hypot(own.error, first.error) ? 'near' : 'behind'
}

function groupOf(evaluations: readonly EvaluationInfo[]): EvaluationGroup {
  const newest = evaluations.reduce((latest, one) => (one.createdAt > latest.createdAt ? one : latest))
  const there = protocols.filter((kind) => evaluations.some(({ method }) => method.kind === kind))
  const columns = there.map((kind) => evaluations.filter(({ method }) => method.kind === kind))
  const rows = [...new Map(evaluations.map((one) => [keyOf(one.features), one.features]))].map(([key, features]): EvaluationRow => ({
    key,
    name: features.kind === 'pixels' ? 'Raw pixels' : features.name,
    note: features.kind === 'pixels' ? `${features.edge} × ${features.edge}` : poolingNames[features.pooling],
    cells: columns.map((column) => {
      const evaluation = column.find((one) => keyOf(one.features) === key)
      return evaluation && { evaluation, standing: standingOf(evaluation, column) }
    }),
  }))
  const firstValue = ({ cells }: EvaluationRow): number => {
    const cell = cells.find((one) => one !== undefined)
    return cell === undefined ? 0 : headlineOf(cell.evaluation).value
  }
  return {
    hash: newest.data.hash,
    data: newest.data,
    createdAt: newest.createdAt,
    protocols: there,
    neighbours: evaluations.flatMap(({ method }) => (method.kind === 'knn' ? [method.k] : []))[0],
    rows: rows.sort((a, b) => firstValue(b) - firstValue(a) || a.name.localeCompare(b.name)),
    evaluationIds: evaluations.map(({ evaluationId }) => evaluationId),
  }
}

/** Newest first. */
export function groupEvaluations(evaluations: readonly EvaluationInfo[]): readonly EvaluationGroup[] {
  const byData = new Map<string, EvaluationInfo[]>()
  for (const one of evaluations) byData.set(one.data.hash, [...(byData.get(one.data.hash) ?? []), one])
  return [...byData.values()].map(groupOf).sort((a, b) => b.createdAt.localeCompare(a.createdAt))
}
