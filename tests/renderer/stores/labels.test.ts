/** @file Which pictures are shown first, and what a brush paints. */
import { describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import type { LabelSetInfo, Prediction } from '../../../src/engine/contract'
import { createChoice } from '../../../src/renderer/stores/choice'
import { painted } from '../../../src/renderer/stores/frame-labels'
import { orderRows, useLabelsStore } from '../../../src/renderer/stores/labels'
import { useLibraryStore } from '../../../src/renderer/stores/library'
import { useModelsStore } from '../../../src/renderer/stores/models'
import { fakeModel, fakePicture } from '../fake-engine'
import { startPage } from '../page'

describe('pictures that are labelled', () => {
  const prediction = { labels: Int32Array.of(1, -1, 0, 1), confidence: Float32Array.of(0.9, 0, 0.6, 0.95) }

  it.each([
    ['unsure', [2, 0, 3, 1]],
    ['class', [2, 3, 0, 1]],
    ['row', [0, 1, 2, 3]],
  ] as const)('come in the order %s', (order, rows) => {
    expect([...orderRows(prediction, order)]).toEqual(rows)
  })
})

describe('pictures in an order', () => {
  it('stay where they are while names are given, until they are sorted again', async () => {
    const set: LabelSetInfo = { labelSetId: 'set', name: 'Labels', modelId: fakeModel().id, createdAt: '', classes: [{ id: 0, name: 'a', colour: [1, 2, 3], pictures: 1, patches: 0 }], canUndo: true }
    let confidence = Float32Array.of(0.2, 0.9, 0.5)
    const predict = vi.fn(() => Promise.resolve<Prediction>({ subject: 'pictures', method: 'linear', labels: Int32Array.of(0, 0, 0), confidence, accuracy: { folds: 0, examples: 1, accuracy: undefined, perClass: [] }, ms: 1 }))
    startPage({
      pictures: ['a.jpg', 'b.jpg', 'c.jpg'].map((name) => fakePicture(name)),
      models: [fakeModel()],
      handlers: { 'labels.list': () => Promise.resolve([set]), 'labels.change': () => Promise.resolve(set), 'labels.predict': predict },
    })
    await useModelsStore().load()
    await useLibraryStore().open('/photos')
    const labels = useLabelsStore()
    await labels.refresh()
    await vi.waitFor(() => {
      expect([...(labels.rows ?? [])]).toEqual([0, 2, 1])
    })
    confidence = Float32Array.of(0.95, 0.3, 0.5)
    await labels.name([0])
    await vi.waitFor(() => {
      expect(labels.isOrderOld).toBe(true)
    })
    expect([...labels.rows!]).toEqual([0, 2, 1])
    labels.sort()
    expect({ rows: [...labels.rows!], isOrderOld: labels.isOrderOld }).toEqual({ rows: [1, 2, 0], isOrderOld: false })
    labels.order = 'row'
    await nextTick()
    expect([...labels.rows!]).toEqual([0, 1, 2])
  })
})

describe('a brush', () => {
  const drawn = (labels: Uint8Array): string[] => [0, 1, 2].map((row) => labels.subarray(3 * row, 3 * row + 3).join(''))

  it('paints a disc that does not run over the edge', () => {
    expect(drawn(painted(new Uint8Array(9), 3, 3, 1, 7))).toEqual(['700', '770', '700'])
  })

  it('gives the same labels back where nothing changes', () => {
    const labels = Uint8Array.of(0, 0, 0, 0, 5, 0, 0, 0, 0)
    expect(painted(labels, 3, 4, 0, 5)).toBe(labels)
  })
})

describe('a stroke', () => {
  it('is one step to take back, however often it changed', () => {
    const choice = createChoice(() => 6)
    choice.set([0, 5])
    const stroke = choice.stroke()
    stroke.mark([1], 1)
    stroke.mark([2, 5], 1)
    stroke.mark([0], 0)
    stroke.end()
    const after = [...choice.chosen()]
    choice.undo()
    const before = [...choice.chosen()]
    choice.redo()
    expect({ after, before, again: [...choice.chosen()], count: choice.count.value }).toEqual({ after: [1, 2, 5], before: [0, 5], again: [1, 2, 5], count: 3 })
  })

  it('that changed nothing is no step', () => {
    const choice = createChoice(() => 3)
    const stroke = choice.stroke()
    stroke.mark([1], 0)
    stroke.end()
    expect(choice.canUndo.value).toBe(false)
  })
})
