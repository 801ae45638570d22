/** @file Segments as the page keeps them: typical patches of the one that is looked at, measures of the pictures that are, and how both are left. */
import { describe, expect, it, vi } from 'vitest'
import { EngineError, type Segmentation, type SegmentMeasure, type TypicalPatch } from '../../../src/engine/contract'
import { useLibraryStore } from '../../../src/renderer/stores/library'
import { useModelsStore } from '../../../src/renderer/stores/models'
import { useSegmentsStore } from '../../../src/renderer/stores/segments'
import { useSelectionStore } from '../../../src/renderer/stores/selection'
import { fakeModel, fakePicture } from '../fake-engine'
import { startPage } from '../page'

const found = (name = 'S0'): Segmentation => ({
  info: { segmentationId: 's', name: '2 segments', modelId: 'demo', createdAt: '2026-01-01T00:00:00.000Z', pictures: 6, segments: 2, seed: 1, explained: 0.5, agreement: 1, leftOut: 0 },
  segments: [0, 1].map((id) => ({ id, name: id === 0 ? name : `S${id}`, colour: [id, 0, 0], patches: 4, pictures: 6, tightness: 0.9 })),
  merges: [{ into: 0, from: 1, height: 1 }],
  tried: [],
  canUndo: false,
})
const measureOf = (row: number): SegmentMeasure => ({ segment: 0, patches: row, share: row / 10, components: 1, centroid: [0.5, 0.5] })
const typicalOf = (row: number): TypicalPatch => ({ row, patch: 3, gridHeight: 2, gridWidth: 2, cosine: 0.9 })

async function openSegments() {
  const ask = {
    measures: vi.fn(({ row }: { readonly row: number }) => (row === 5 ? Promise.reject(new EngineError('NOT_FOUND', 'f.jpg is not among them')) : Promise.resolve([measureOf(row)]))),
    typical: vi.fn(({ segment }: { readonly segment: number }) => Promise.resolve([typicalOf(segment + 1)])),
  }
  startPage({
    pictures: ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => fakePicture(`${name}.jpg`)),
    models: [fakeModel()],
    handlers: {
      'segments.load': () => Promise.resolve(found()),
      'segments.change': ({ change }) => Promise.resolve(found(change.kind === 'rename' ? change.name : 'S0')),
      'segments.pictures': () => Promise.resolve({ rows: Uint32Array.of(0), share: Float32Array.of(1) }),
      'segments.measures': ask.measures,
      'segments.typical': ask.typical,
    },
  })
  await useModelsStore().load()
  await useLibraryStore().open('/photos')
  const segments = useSegmentsStore()
  await segments.load('s')
  return { segments, selection: useSelectionStore(), ask }
}

describe('typical patches', () => {
  it('are of the segment that is looked at, and stay in sight while it is renamed', async () => {
    const { segments, ask } = await openSegments()
    expect([segments.typical, ask.typical.mock.calls.length]).toEqual([[], 0])
    segments.openId = 1
    await vi.waitFor(() => { expect(segments.typical).toEqual([typicalOf(2)]) })
    segments.openId = 0
    await vi.waitFor(() => { expect(segments.typical).toEqual([typicalOf(1)]) })
    const renaming = segments.change({ kind: 'rename', segment: 0, name: 'Ember' })
    expect(segments.typical).toEqual([typicalOf(1)])
    await renaming
    await vi.waitFor(() => { expect(ask.typical).toHaveBeenCalledTimes(3) })
    expect([segments.typical, segments.changes]).toEqual([[typicalOf(1)], 1])
    segments.openId = undefined
    await vi.waitFor(() => { expect(segments.typical).toEqual([]) })
  })
})

describe('measures', () => {
  it('are of the picture that was clicked and of the first that are chosen, each asked for once', async () => {
    const { segments, selection, ask } = await openSegments()
    segments.lookedAt = 4
    await vi.waitFor(() => { expect(segments.measured).toEqual([{ row: 4, measures: [measureOf(4)], problem: undefined }]) })
    selection.set([0, 1, 2, 3, 4])
    await vi.waitFor(() => { expect(segments.measured.map(({ row, measures }) => [row, measures?.[0]?.patches])).toEqual([[4, 4], [0, 0], [1, 1], [2, 2]]) })
    expect(ask.measures.mock.calls.map(([{ row }]) => row).sort()).toEqual([0, 1, 2, 4])
    await segments.change({ kind: 'rename', segment: 0, name: 'Ember' })
    await vi.waitFor(() => { expect(ask.measures).toHaveBeenCalledTimes(8) })
  })

  it('say why a picture has none', async () => {
    const { segments } = await openSegments()
    segments.lookedAt = 5
    await vi.waitFor(() => { expect(segments.measured).toEqual([{ row: 5, measures: undefined, problem: 'It was not among the pictures that were segmented.' }]) })
  })

  it('go when the segment and the picture are left, which is told', async () => {
    const { segments } = await openSegments()
    segments.openId = 1
    segments.lookedAt = 2
    expect([segments.leave(), segments.openId, segments.measured, segments.leave()]).toEqual([true, undefined, [], false])
  })
})
