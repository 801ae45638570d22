/** @file Every state of the inspector answers every change, and answers for another analysis change nothing. */
import { describe, expect, it } from 'vitest'
import type { Analysis, AttentionMaps } from '../../../src/engine/contract'
import { reduceInspector, type InspectorChange, type InspectorState } from '../../../src/renderer/stores/inspector-reducer'
import { progressOf } from '../fake-engine'

const maps = (layer: number): AttentionMaps => ({ layer, query: 'cls', heads: 1, weights: Float32Array.of(1), patchShare: Float32Array.of(1) })
const analysis = { analysisId: 'a1', attention: maps(11) } as Analysis
const request = { imageId: 'i', modelId: 'm', size: 448 } as const
const problem = { code: 'RUNTIME', message: 'no', lists: [] }
const similarity = { patch: 0, cosine: Float32Array.of(1) }

const states = {
  idle: { phase: 'idle' },
  analysing: { phase: 'analysing', request, progress: undefined },
  ready: { phase: 'ready', request, analysis, attention: maps(11), similarity: undefined, detailProblem: problem },
  failed: { phase: 'failed', request, problem },
} as const satisfies Record<string, InspectorState>

const changes = {
  analyse: { kind: 'analyse', request: { ...request, imageId: 'j' } },
  progress: progressOf('Looking', 1, 2),
  analysed: { kind: 'analysed', analysis },
  attention: { kind: 'attention', analysisId: 'a1', maps: maps(3) },
  similarity: { kind: 'similarity', analysisId: 'a1', map: similarity },
  detailFailed: { kind: 'detail-failed', analysisId: 'a1', problem },
  staleAttention: { kind: 'attention', analysisId: 'a0', maps: maps(3) },
  staleSimilarity: { kind: 'similarity', analysisId: 'a0', map: similarity },
  staleFailure: { kind: 'detail-failed', analysisId: 'a0', problem },
  failed: { kind: 'failed', problem },
  leave: { kind: 'leave' },
} as const satisfies Record<string, InspectorChange>

const analysing: InspectorState = { phase: 'analysing', request: { ...request, imageId: 'j' }, progress: undefined }
const idle: InspectorState = { phase: 'idle' }
const results: Record<keyof typeof states, Partial<Record<keyof typeof changes, InspectorState>>> = {
  idle: { analyse: analysing, leave: idle },
  analysing: {
    analyse: analysing,
    leave: idle,
    progress: { ...states.analysing, progress: changes.progress },
    analysed: { phase: 'ready', request, analysis, attention: analysis.attention, similarity: undefined, detailProblem: undefined },
    failed: states.failed,
  },
  ready: {
    analyse: analysing,
    leave: idle,
    attention: { ...states.ready, attention: maps(3), detailProblem: undefined },
    similarity: { ...states.ready, similarity, detailProblem: undefined },
    detailFailed: states.ready,
  },
  failed: { analyse: analysing, leave: idle },
}

describe('reduceInspector', () => {
  const cases = Object.entries(states).flatMap(([phase, state]) =>
    Object.entries(changes).map(([kind, change]) => ({ phase, kind, state, change, expected: results[phase as keyof typeof states][kind as keyof typeof changes] ?? state })),
  )
  it.each(cases)('$phase after $kind', ({ state, change, expected }) => {
    expect(reduceInspector(state, change)).toEqual(expected)
  })

  it('says why a map could not be had while it keeps the one before', () => {
    const ready = { ...states.ready, detailProblem: undefined }
    expect(reduceInspector(ready, changes.detailFailed)).toEqual({ ...ready, detailProblem: problem })
  })
})
