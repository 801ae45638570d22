/** @file Invented results of evaluations. */
import type { EvaluationInfo, EvaluationMethod } from '../../src/engine/contract'

export function fakeEvaluation(name: string, method: EvaluationMethod['kind'], value: number, error: number, over: Partial<EvaluationInfo> = {}): EvaluationInfo {
  return {
    evaluationId: `${name} ${method}`,
    createdAt: '2026-03-01T00:00:00.000Z',
    version: '1.2.3',
    method: method === 'knn' ? { kind: 'knn', k: 20 } : method === 'linear' ? { kind: 'linear', C: 100 } : { kind: 'retrieval' },
    split: 'folders',
    features: { kind: 'model', modelId: name, name, sha256: `sha of ${name}`, pooling: 'cls', preparation: 'as it is' },
    data: { folder: '/photos/pets', testFolder: undefined, hash: 'same', classes: [{ name: 'cat', pictures: 3, testPictures: 0 }, { name: 'dog', pictures: 3, testPictures: 0 }] },
    counts: { references: 6, queries: 6, unanswerable: 0, overlap: 0, duplicates: 0, unclassed: 0, skipped: 0 },
    figures: [{ name: 'Top-1', value, error }],
    perClass: [{ name: 'cat', queries: 3, value }, { name: 'dog', queries: 3, value }],
    mistakes: [],
    ...over,
  }
}
