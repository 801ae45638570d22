/** @file What follows from the choices on the Train page. */
import { describe, expect, it } from 'vitest'
import { effectiveStart, planKey, proposedName, proposedPreset, scratchWarning, startingPoints } from '../../../src/renderer/stores/train-draft'
import { fakeModel } from '../fake-engine'
import { fakePresets, fakeRun, fakeSummary } from '../fake-training'

const summary = fakeSummary({ architecture: 'ViT-Ti/16', backboneParameters: 5_526_000 })
const fitting = fakeModel({ id: 'fits', name: 'Fits', architecture: 'ViT-Ti/16', trained: true, parameters: 5_526_192, dim: 192 })
const otherGrid = fakeModel({ id: 'grid', name: 'Other grid', architecture: 'ViT-Ti/16', trained: true, parameters: 5_700_000 })
const larger = fakeModel({ id: 'large', name: 'Large', architecture: 'ViT-S/14', trained: true, parameters: 22_056_576 })
const untrained = fakeModel({ id: 'demo', trained: false, architecture: 'ViT-Ti/16' })
const checkpoint = { step: 3, best: false, savedAt: '2026-01-01T00:00:00.000Z' }

describe('startingPoints', () => {
  it('offers trained models and runs with weights, what fits first, and scratch last', () => {
    const runs = [fakeRun({ id: 'r', name: 'R', checkpoints: [checkpoint] }), fakeRun({ id: 'young' })]
    expect(startingPoints([larger, untrained, fitting, otherGrid], runs, summary).map(({ value, refusal, isSure }) => [value, refusal, isSure])).toEqual([
      ['fits', undefined, true],
      ['grid', undefined, false],
      ['run:r', undefined, true],
      ['large', 'ViT-S/14, and the recipe trains ViT-Ti/16', false],
      ['scratch', undefined, true],
    ])
  })
})

describe('effectiveStart', () => {
  const points = startingPoints([larger, otherGrid, fitting], [], summary)
  it('proposes a pretrained model whose tensors fit, and scratch where there is none or the recipe says so', () => {
    expect([
      effectiveStart(points, undefined, 'auto')?.value,
      effectiveStart(points, undefined, 'scratch')?.value,
      effectiveStart(startingPoints([larger, otherGrid], [], summary), undefined, undefined)?.value,
    ]).toEqual(['fits', 'scratch', 'scratch'])
  })

  it('never exchanges chosen weights, even where they do not fit', () => {
    expect(effectiveStart(points, 'large', 'scratch')).toMatchObject({ value: 'large', refusal: 'ViT-S/14, and the recipe trains ViT-Ti/16' })
  })

  it('proposes anew where what was chosen is gone', () => {
    expect(effectiveStart(points, 'run:deleted', 'auto')?.value).toBe('fits')
  })
})

describe('proposals', () => {
  it('proposes the preset that a pretrained model can go on with, else the one for laptops', () => {
    const presets = fakePresets.map((preset) => ({ preset, summary: preset.name === 'dino-vits16' ? fakeSummary({ architecture: 'ViT-S/16', backboneParameters: 21_665_664 }) : summary }))
    const small = fakeModel({ architecture: 'ViT-S/16', trained: true, parameters: 21_665_664 })
    expect([proposedPreset(presets, [small])?.preset.name, proposedPreset(presets, [untrained])?.preset.name, proposedPreset([], [])]).toEqual(['dino-vits16', 'dino-vitti16-laptop', undefined])
  })

  it('names a run after its folder and architecture', () => {
    expect([proposedName('Field trip', summary), proposedName(undefined, summary), proposedName(undefined, undefined)]).toEqual(['Field trip, ViT-Ti/16', 'ViT-Ti/16', 'New run'])
  })

  it('is frank about training from nothing', () => {
    expect([scratchWarning(58), scratchWarning(20_000), scratchWarning(1_000_000)].map((text) => text.slice(0, 40))).toEqual([
      'From scratch, 58 images teach a model co',
      'From scratch, 20,000 images can give use',
      '1,000,000 images are enough to learn fro',
    ])
  })

  it('takes two plans for the same unless pictures, recipe or weights differ', () => {
    const plan = { name: 'A', images: { libraryId: 'l', imageIds: undefined }, recipe: 'x: 1', init: 'scratch' }
    expect(planKey({ ...plan, name: 'B' })).toBe(planKey(plan))
    for (const other of [{ ...plan, init: 'm' }, { ...plan, recipe: 'x: 2' }, { ...plan, images: { libraryId: 'l', imageIds: ['i'] } }]) expect(planKey(other)).not.toBe(planKey(plan))
  })
})
