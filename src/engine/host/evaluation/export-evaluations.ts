/** @file Results of evaluations as files: tables of figures and of classes, or everything as it is kept. */
import { join } from 'node:path'
import type { EvaluatedFeatures, EvaluationExport, EvaluationExportRequest, EvaluationInfo } from '../../contract'
import { csvText } from '../../export'
import { saveFile } from '../../files'
import type { EngineState } from '../engine-state'
import { plainEvaluation } from './evaluations'

const nameOf = (features: EvaluatedFeatures): string => (features.kind === 'pixels' ? `Raw pixels, ${features.edge} × ${features.edge}` : features.name)

/** What tells one result from another, at the head of every row. */
const heads = ['features', 'sha256', 'pooling', 'protocol', 'setting', 'split', 'folder', 'test_folder', 'data_sha256', 'created_at', 'dinoscope_version'] as const

function headOf({ features, method, split, data, createdAt, version }: EvaluationInfo): readonly string[] {
  const [sha256, pooling] = features.kind === 'pixels' ? ['', ''] : [features.sha256, features.pooling]
  const setting = method.kind === 'knn' ? `k = ${method.k}` : method.kind === 'linear' ? `C = ${method.C}` : ''
  return [nameOf(features), sha256, pooling, method.kind, setting, split, data.folder, data.testFolder ?? '', data.hash, createdAt, version]
}

/** Names are made safe for spreadsheets; numbers stay numbers. */
function table(columns: readonly string[], rows: readonly (readonly (string | number | undefined)[])[]): string {
  const cell = (value: string | number | undefined): string => (typeof value === 'string' ? csvText(value) : value === undefined ? '' : String(value))
  return [columns, ...rows].map((row) => `${row.map(cell).join(',')}\n`).join('')
}

/** @throws EngineError NOT_FOUND, DISK */
export async function exportEvaluations(state: EngineState, { evaluationIds, format }: EvaluationExportRequest): Promise<EvaluationExport> {
  const chosen = await Promise.all([...new Set(evaluationIds)].map((evaluationId) => state.evaluations.find(evaluationId)))
  const infos = chosen.map(({ info }) => info)
  const { exportId, files } = await state.exports.create(async (folder) => {
    if (format === 'json') {
      await saveFile(join(folder, 'evaluations.json'), `${JSON.stringify(chosen.map(plainEvaluation), undefined, 1)}\n`)
      return
    }
    const figures = infos.flatMap((info) => info.figures.map(({ name, value, error }) => [...headOf(info), info.counts.references, info.counts.queries, name, value, error]))
    const classes = infos.flatMap((info) => info.perClass.map(({ name, queries, value }) => [...headOf(info), name, queries, value]))
    await saveFile(join(folder, 'evaluations.csv'), table([...heads, 'references', 'queries', 'figure', 'value', 'standard_error'], figures))
    await saveFile(join(folder, 'evaluations-by-class.csv'), table([...heads, 'class', 'queries', 'value'], classes))
  })
  return { exportId, files }
}
