/** @file What a choice about a foreign graph lets one see, and what is wrong with it. */
import { describe, expect, it } from 'vitest'
import { choiceText, mappingProblem, normalisationOf, normalisations, offeredNormalisations, valueText, viewsText } from '../../../src/renderer/stores/onnx-mapping'
import { fakeInspection } from '../fake-engine'

const [tokens, vector] = fakeInspection().choices as [ReturnType<typeof fakeInspection>['choices'][number], ReturnType<typeof fakeInspection>['choices'][number]]

describe('an output of a graph', () => {
  it('is told in words', () => {
    expect(fakeInspection().outputs.map(valueText)).toEqual(['last_hidden_state: float32 [batch, tokens, 384]', 'pooler_output: float32 [batch, 384]'])
    expect([tokens, vector, { ...tokens, form: 'map' as const }].map(choiceText)).toEqual(['tokens, 384 wide, patches of 16 px, 1 before them', 'one vector, 384 wide', 'feature map, 384 wide, patches of 16 px'])
  })

  it('says what will work with it, attention only with CLS', () => {
    expect(viewsText(vector, 0)).toContain('no patch tokens')
    expect(viewsText(tokens, 1)).toContain('Not attention')
    const seeing = { ...tokens, blocks: 12, heads: 6 }
    expect([viewsText(seeing, 1), viewsText(seeing, 0)].map((text) => text.includes('attention of 12 blocks'))).toEqual([true, false])
  })
})

describe('a mapping', () => {
  it.each([
    ['whole patches', '1', '224', undefined],
    ['no leading tokens', '0', '448', undefined],
    ['words for a number', 'one', '224', 'leading tokens'],
    ['broken patches', '1', '230', 'multiple of the patch, 16 px: for example 224'],
    ['no size', '1', '', 'whole number of pixels'],
  ])('of %s', (_what, leading, size, problem) => {
    const found = mappingProblem(fakeInspection(), tokens, leading, size)
    if (problem === undefined) expect(found).toBeUndefined()
    else expect(found).toContain(problem)
  })

  it('of another size than the only one is refused; of a vector any size is whole', () => {
    expect(mappingProblem(fakeInspection({ fixedSize: 384 }), tokens, '1', '224')).toContain('384 × 384')
    expect(mappingProblem(fakeInspection(), vector, '0', '230')).toBeUndefined()
  })

  it('knows its normalisation', () => {
    expect(Object.values(normalisations).map(normalisationOf)).toEqual(['imagenet', 'clip', 'half', 'unit'])
    const own = { mean: [0.485, 0.456, 0.406], std: [1, 1, 1] } as const
    expect([normalisationOf(own), offeredNormalisations(own).map(({ value }) => value), offeredNormalisations(normalisations.clip).length]).toEqual(['own', ['own', 'imagenet', 'clip', 'half', 'unit'], 4])
  })
})
