import { expect, it } from 'vitest'
import { cosineText, measuredText, precisionFacts, verdictText } from '../../../src/renderer/services/precision-text'
import { fakeCard } from '../fake-precision'

it('a cosine is never rounded up to 1', () => {
  expect([0.999996, 0.99987, 1].map(cosineText)).toEqual(['0.99999', '0.99987', '1.00000'])
})

it('a card in words says what it costs, what it gains and on what', () => {
  expect(precisionFacts(fakeCard()).map(({ name, value, more }) => [name, value, more])).toEqual([
    ['Speed', '2.08 ×', '1.91 to 2.20'],
    ['Pictures', '0.99987', 'worst 0.99731'],
    ['Patches', '0.99996', 'worst 0.99992'],
    ['Neighbours', '99.1 %', 'nearest 10'],
  ])
  expect([measuredText(fakeCard()), measuredText(fakeCard({ folder: 'holiday', pictures: 1, provider: 'webgpu' }))]).toEqual(['Measured on 64 pictures of the samples, with the CPU.', 'Measured on 1 picture of holiday, with webgpu.'])
  expect((['use', 'slow', 'far'] as const).map((verdict) => /worth using|gains little|not offered/.exec(verdictText(fakeCard({ verdict })))?.[0])).toEqual(['worth using', 'gains little', 'not offered'])
})
