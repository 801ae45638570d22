/** @file Results as tables: data apart, features down, protocols across, and what is better by more than chance. */
import { describe, expect, it } from 'vitest'
import type { EvaluationInfo, EvaluationMethod } from '../../../src/engine/contract'
import { groupEvaluations } from '../../../src/renderer/stores/evaluation-table'
import { fakeEvaluation } from '../fake-evaluation'

const score = (name: string, method: EvaluationMethod['kind'], value: number, over: Partial<EvaluationInfo> = {}): EvaluationInfo => fakeEvaluation(name, method, value, 0.01, over)

describe('groupEvaluations', () => {
  it('puts features down and protocols across, the best first, with gaps where nothing was scored', () => {
    const [group, ...others] = groupEvaluations([score('Old', 'knn', 0.5), score('New', 'knn', 0.7), score('New', 'retrieval', 0.3), score('Close', 'knn', 0.68)])
    expect(others).toEqual([])
    expect(group).toMatchObject({ protocols: ['knn', 'retrieval'], neighbours: 20, evaluationIds: ['Old knn', 'New knn', 'New retrieval', 'Close knn'] })
    expect(group!.rows.map(({ name, note, cells }) => [name, note, ...cells.map((cell) => cell && [cell.evaluation.evaluationId, cell.standing])])).toEqual([
      ['New', 'CLS', ['New knn', 'best'], ['New retrieval', undefined]],
      // 0.02 apart is within two errors of 0.014.
      ['Close', 'CLS', ['Close knn', 'near'], undefined],
      ['Old', 'CLS', ['Old knn', 'behind'], undefined],
    ])
  })

  it('keeps results on other pictures apart, the newest first, and the same weights under one row whatever they are called', () => {
    const other = { ...score('Old', 'knn', 0.5).data, hash: 'other' }
    const groups = groupEvaluations([
      score('Old', 'knn', 0.5),
      score('Old', 'linear', 0.9, { createdAt: '2026-03-02T00:00:00.000Z', data: other }),
      score('Renamed', 'retrieval', 0.4, { features: score('Old', 'knn', 0.5).features }),
      score('Old', 'retrieval', 0.4, { features: { kind: 'pixels', edge: 32 }, evaluationId: 'pixels' }),
    ])
    expect(groups.map(({ hash, rows }) => [hash, ...rows.map(({ name, note }) => `${name}, ${note}`)])).toEqual([
      ['other', 'Old, CLS'],
      ['same', 'Old, CLS', 'Raw pixels, 32 × 32'],
    ])
  })
})
