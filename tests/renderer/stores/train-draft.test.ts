/** @file What follows from the choices on the Train page. */
import { describe, expect, it } from 'vitest'
import { effectiveStart, effectiveTeacher, planKey, proposedName, proposedPreset, scratchWarning, startingPoints, teacherPoints } from '../../../src/renderer/stores/train-draft'
import { fakeModel } from '../fake-engine'
import { fakePresets, fakeRun, fakeSummary } from '../fake-training'

const summary = fakeSummary({ architecture: 'ViT-Ti/16', backboneParameters: 5_526_000 })
const fitting = fakeModel({ id: 'fits', name: 'Fits', architecture: 'ViT-Ti/16', trained: true, parameters: 5_526_192, dim: 192 })
const otherGrid = fakeModel({ id: 'grid', name: 'Other grid', architecture: 'ViT-Ti/16', trained: true, parameters: 5_700_000 })
const larger = fakeModel({ id: 'large', name: 'Large', architecture: 'ViT-S/14', trained: true, parameters: 22_056_576 })
const untrained = fakeModel({ id: 'demo', trained: false, architecture: 'ViT-Ti/16' })
/** Its weights are not known. */
const foreign = fakeModel({ id: 'foreign', trained: true, architecture: 'ViT-Ti/16', gives: { patches: true, attention: false, inside: false } })
const checkpoint = { step: 3, best: false, savedAt: '2026-01-01T00:00:00.000Z' }

describe('startingPoints', () => {
  it('offers trained models and runs with weights, what fits first, and scratch last', () => {
    const runs = [fakeRun({ id: 'r', name: 'R', checkpoints: [checkpoint] }), fakeRun({ id: 'young' })]
    expect(startingPoints([larger, untrained, foreign, fitting, otherGrid], runs, summary).map(({ value, refusal, isSure }) => [value, refusal, isSure])).toEqual([
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

describe('teacherPoints', () => {
  const student = fakeSummary({ method: 'distill', architecture: 'ViT-Ti/14', patchSize: 14, backboneParameters: 5_500_000 })
  const small = fakeModel({ id: 's', name: 'S', architecture: 'ViT-S/14', trained: true, patchSize: 14, parameters: 22_000_000 })
  const base = fakeModel({ id: 'b', name: 'B', architecture: 'ViT-B/14', trained: true, patchSize: 14, parameters: 86_000_000 })
  const tiny = fakeModel({ id: 't', name: 'T', architecture: 'ViT-Ti/14', trained: true, patchSize: 14, parameters: 5_500_000 })
  const sixteen = fakeModel({ id: 'x', name: 'X', architecture: 'ViT-B/16', trained: true, patchSize: 16, parameters: 86_000_000 })
  const ofRun = fakeModel({ id: 'r', name: 'R', architecture: 'ViT-S/14', trained: true, patchSize: 14, parameters: 6_000_000, importedFrom: 'run night-1-20261125-aabbcc, step 400' })
  const runs = [fakeRun({ id: 'night', name: 'Night', checkpoints: [checkpoint], summary: fakeSummary({ patchSize: 14, backboneParameters: 22_000_000 }) }), fakeRun({ id: 'young' })]

  it('offers the automatic choice, then what has the student’s patches, then the rest with the reason', () => {
    expect(teacherPoints([sixteen, base, tiny, ofRun, small, fakeModel({ id: 'u', trained: false, patchSize: 14 })], runs, student).map(({ value, label, refusal, isSmall }) => [value, label, refusal, isSmall])).toEqual([
      ['auto', 'S', undefined, false],
      ['b', 'B', undefined, false],
      ['t', 'T', undefined, true],
      ['r', 'R', undefined, false],
      ['s', 'S', undefined, false],
      ['run:night', 'Night', undefined, false],
      ['x', 'X', 'has patches of 16 pixels, and the student’s are of 14', false],
    ])
  })

  it('says what the automatic choice lacks', () => {
    expect(teacherPoints([tiny, sixteen, ofRun], [], student)[0]).toMatchObject({ value: 'auto', refusal: 'finds no trained model here that is larger than the student and has patches of 14 pixels' })
  })

  it('leaves a file that the recipe names to the engine, and takes nothing for the automatic choice', () => {
    const points = teacherPoints([small], runs, student)
    expect([effectiveTeacher(points, 's')?.label, effectiveTeacher(points, undefined)?.value, effectiveTeacher(points, '/models/big.pth')]).toEqual([
      'S',
      'auto',
      { value: '/models/big.pth', kind: 'model', label: '/models/big.pth', detail: 'named in the recipe', refusal: undefined, isSmall: false },
    ])
  })
})

describe('proposals', () => {
  it('proposes the preset that a pretrained model can go on with, else the one for laptops', () => {
    const presets = fakePresets.map((preset) => ({ preset, summary: preset.name === 'dino-vits16' ? fakeSummary({ architecture: 'ViT-S/16', backboneParameters: 21_665_664 }) : summary }))
    const small = fakeModel({ architecture: 'ViT-S/16', trained: true, parameters: 21_665_664 })
    expect([proposedPreset(presets, [small])?.preset.name, proposedPreset(presets, [untrained])?.preset.name, proposedPreset([], [])]).toEqual(['dino-vits16', 'dino-vitti16-laptop', undefined])
  })

  it('proposes no distillation because a model has the student’s architecture', () => {
    const distil = { preset: fakePresets[0]!, summary: fakeSummary({ method: 'distill', architecture: 'ViT-Ti/16', backboneParameters: 5_526_000 }) }
    const laptop = { preset: fakePresets[1]!, summary: undefined }
    expect(proposedPreset([distil, laptop], [fitting])?.preset.name).toBe('dino-vitti16-laptop')
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
