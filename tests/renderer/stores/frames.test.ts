/** @file Frames as the page keeps them: segments of the first one ticked and shown before the run, with the colours that they keep through it. */
import { describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { EngineError, type Analysis, type EngineContract, type FirstSegments, type Handlers, type PropagateRequest, type SegmentationInfo } from '../../../src/engine/contract'
import { followedClasses, followedLabels } from '../../../src/renderer/stores/first-segments'
import { useFramesStore } from '../../../src/renderer/stores/frames'
import { useLibraryStore } from '../../../src/renderer/stores/library'
import { useModelsStore } from '../../../src/renderer/stores/models'
import { fakeModel, fakePicture } from '../fake-engine'
import { startPage } from '../page'

const none = 65_535
const firstOf = (ids: readonly number[]): FirstSegments => ({
  gridHeight: 2,
  gridWidth: 3,
  labels: Uint16Array.of(none, ids[0]!, ids[1]!, none, ids[0]!, ids[0]!),
  segments: ids.map((id, index) => ({ id, name: `S${id}`, colour: [id, 0, 0], patches: index === 0 ? 3 : 1 })),
})
const info = (segmentationId: string, segments: number): SegmentationInfo => ({ segmentationId, name: segmentationId, modelId: 'demo', createdAt: '2026-01-01T00:00:00.000Z', pictures: 2, segments, seed: 1, explained: 0.5, agreement: 1, leftOut: 0 })

async function openFilm(handlers: Partial<Handlers<EngineContract>>) {
  startPage({ pictures: ['2.png', '10.png', '1.png'].map((name) => fakePicture(name)), models: [fakeModel()], handlers })
  await useModelsStore().load()
  await useLibraryStore().open('/film')
  return useFramesStore()
}

describe('segments of a first frame', () => {
  it('are numbered from 1 as far as they are followed; the rest is background', () => {
    const found = firstOf([7, 4])
    expect([...followedLabels(found, new Set([7, 4])).labels]).toEqual([0, 1, 2, 0, 1, 1])
    expect([...followedLabels(found, new Set([4])).labels]).toEqual([0, 0, 1, 0, 0, 0])
    expect(followedClasses(found, new Set([4]))).toEqual([{ label: 1, name: 'S4', colour: [4, 0, 0] }])
  })

  it('are all followed until one is left out, which stays left out when the frame is looked at anew', async () => {
    const ask = vi.fn(() => Promise.resolve(firstOf([7, 4])))
    const frames = await openFilm({ 'segments.list': () => Promise.resolve([info('a', 2), info('b', 2)]), 'propagate.segments': ask })
    expect(frames.isMarked).toBe(false)
    frames.marks = 'segments'
    await vi.waitFor(() => { expect([...frames.followed]).toEqual([7, 4]) })
    expect([frames.segmentationId, frames.isMarked, [...frames.labelsOf(0)!.labels]]).toEqual(['a', true, [0, 1, 2, 0, 1, 1]])
    frames.toggleSegment(7)
    expect([frames.classesOf(0), [...frames.labelsOf(0)!.labels]]).toEqual([[{ label: 1, name: 'S4', colour: [4, 0, 0] }], [0, 0, 1, 0, 0, 0]])
    frames.size = 224
    await vi.waitFor(() => { expect(ask).toHaveBeenCalledTimes(2) })
    await vi.waitFor(() => { expect([...frames.followed]).toEqual([4]) })
    expect(ask.mock.lastCall).toMatchObject([{ row: 2, size: 224, segmentationId: 'a' }])
    frames.followAll(false)
    expect(frames.isMarked).toBe(false)
    await frames.chooseSegmentation('b')
    expect([...frames.followed]).toEqual([7, 4])
  })

  it('are carried with their names and colours; other ticks show on the first frame and leave what was found', async () => {
    const asked: PropagateRequest[] = []
    const classes = [{ label: 0, name: 'Background', colour: [0, 0, 0] as const }, { label: 1, name: 'S4', colour: [4, 0, 0] as const }]
    const frames = await openFilm({
      'segments.list': () => Promise.resolve([info('a', 2)]),
      'propagate.segments': () => Promise.resolve(firstOf([7, 4])),
      'propagate.run': (request, { emit }) => {
        asked.push(request)
        emit({ kind: 'classes', classes })
        for (const index of [0, 1]) emit({ kind: 'frame', index, row: index, gridHeight: 1, gridWidth: 2, labels: Uint8Array.of(0, 1) })
        return Promise.resolve({ propagationId: 'p', rows: Uint32Array.of(2, 0), classes, framesPerSecond: 3 })
      },
    })
    frames.marks = 'segments'
    await vi.waitFor(() => { expect(frames.isMarked).toBe(true) })
    frames.toggleSegment(7)
    await frames.run()
    expect(asked.map(({ first, rows }) => ({ first, rows: [...rows!] }))).toEqual([{ first: { kind: 'segments', segmentationId: 'a', segments: [4] }, rows: [2, 0, 1] }])
    await vi.waitFor(() => { expect([frames.labelsOf(1)?.labels, frames.classesOf(1)]).toEqual([Uint8Array.of(0, 1), classes]) })
    frames.toggleSegment(7)
    await nextTick()
    expect([[...frames.labelsOf(0)!.labels], frames.classesOf(0).map(({ name }) => name)]).toEqual([[0, 1, 2, 0, 1, 1], ['S7', 'S4']])
    expect([frames.labelsOf(1)?.labels, frames.classesOf(1)]).toEqual([Uint8Array.of(0, 1), classes])
  })

  it('may be none at all, or not of this frame', async () => {
    const nothing = await openFilm({ 'segments.list': () => Promise.resolve([]) })
    nothing.marks = 'segments'
    await vi.waitFor(() => { expect(nothing.segmentations).toEqual([]) })
    expect([nothing.isMarked, nothing.labelsOf(0)]).toEqual([false, undefined])
    const other = await openFilm({ 'segments.list': () => Promise.resolve([info('a', 2)]), 'propagate.segments': () => Promise.reject(new EngineError('NOT_FOUND', '1.png is not among the pictures that were segmented')) })
    other.marks = 'segments'
    await vi.waitFor(() => { expect(other.segmentsProblem?.message).toContain('1.png is not among') })
    expect(other.isMarked).toBe(false)
  })
})

describe('a mask file', () => {
  const analysis = (): Analysis => ({ analysisId: 'x', gridHeight: 1, gridWidth: 2 }) as unknown as Analysis

  it('shows its own labels on the first frame, until one paints there', async () => {
    const classes = [{ label: 3, name: 'Label 3', colour: [9, 9, 9] as const }]
    const frames = await openFilm({
      'view.analyse': () => Promise.resolve(analysis()),
      'search.upload': () => Promise.resolve({ uploadId: 'u' }),
      'propagate.run': (_request, { emit }) => {
        emit({ kind: 'classes', classes })
        emit({ kind: 'frame', index: 0, row: 2, gridHeight: 1, gridWidth: 2, labels: Uint8Array.of(3, 0) })
        return Promise.resolve({ propagationId: 'p', rows: Uint32Array.of(2), classes, framesPerSecond: 3 })
      },
    })
    await frames.look()
    await frames.runFromFile(new File([new Uint8Array(3)], 'mask.png'))
    await vi.waitFor(() => { expect(frames.labelsOf(0)?.labels).toEqual(Uint8Array.of(3, 0)) })
    expect(frames.classesOf(0)).toEqual(classes)
    frames.paint(1, 0, 2)
    await nextTick()
    expect([frames.labelsOf(0)?.labels, frames.classesOf(0)]).toEqual([Uint8Array.of(0, 2), []])
  })
})
