/** @file What has to be embedded: each content once, gone and broken pictures told, twins settled by what became of one. */
import { describe, expect, it } from 'vitest'
import { planEmbedding, settleOthers, spreadFirst, type EmbedPicture, type Outcome } from '../../../src/engine/host/embed-plan'

const picture = (relativePath: string, hash: string | undefined, more: Partial<EmbedPicture> = {}): EmbedPicture => ({ relativePath, sizeBytes: 1, problem: undefined, hash, gone: false, ...more })
const names = (pictures: readonly EmbedPicture[]): string[] => pictures.map(({ relativePath }) => relativePath)
const problem = (relativePath: string, code: string): NonNullable<EmbedPicture['problem']> => ({ relativePath, code, reason: 'it is so' })

describe('planEmbedding', () => {
  it('works on each content once, and on what is not known yet', () => {
    const plan = planEmbedding([picture('a', 'A'), picture('b', undefined), picture('a again', 'A'), picture('done', 'D'), picture('c', undefined)], (hash) => hash !== 'D')
    expect({ work: names(plan.work), others: [...plan.others].map(([hash, same]) => [hash, names(same)]), already: plan.already, skipped: plan.skipped }).toEqual({ work: ['a', 'b', 'c'], others: [['A', ['a again']]], already: 1, skipped: [] })
  })

  it('does not try damaged pictures again, but those that something else kept from being read', () => {
    const plan = planEmbedding([picture('cut', 'A', { problem: problem('cut', 'IMG_TRUNCATED') }), picture('away', undefined, { problem: problem('away', 'SOURCE_UNAVAILABLE') })], () => true)
    expect({ work: names(plan.work), skipped: plan.skipped }).toEqual({ work: ['away'], skipped: [problem('cut', 'IMG_TRUNCATED')] })
  })

  it('counts a picture that is gone by its content: there already, coming under another name, or lost', () => {
    const gone = { gone: true }
    const plan = planEmbedding([picture('kept', 'D', gone), picture('moved from', 'A', gone), picture('lost', 'L', gone), picture('unread', undefined, gone), picture('moved to', 'A')], (hash) => hash !== 'D')
    expect({ work: names(plan.work), others: [...plan.others].map(([hash, same]) => [hash, names(same)]), already: plan.already, skipped: plan.skipped.map(({ relativePath, code }) => [relativePath, code]) }).toEqual({
      work: ['moved to'],
      others: [['A', ['moved from']]],
      already: 1,
      skipped: [
        ['lost', 'SOURCE_UNAVAILABLE'],
        ['unread', 'SOURCE_UNAVAILABLE'],
      ],
    })
  })
})

describe('settleOthers', () => {
  it('holds what became of a content for all its pictures, and lets another stand for one that turned out to be something else', () => {
    const others = new Map([
      ['A', [picture('a2', 'A'), picture('a3', 'A')]],
      ['B', [picture('b2', 'B')]],
      ['C', [picture('c2', 'C'), picture('c3', 'C')]],
      ['D', []],
    ])
    const outcomes = new Map<string, Outcome>([
      ['A', 'embedded'],
      ['B', problem('b1', 'IMG_CORRUPT')],
    ])
    const settled = settleOthers(others, outcomes)
    expect({ ...settled, next: names(settled.next), left: [...others].map(([hash, same]) => [hash, names(same)]) }).toEqual({ already: 2, skipped: [problem('b2', 'IMG_CORRUPT')], next: ['c2'], left: [['C', ['c3']]] })
  })
})

describe('spreadFirst', () => {
  it.each([
    [10, 3, [0, 6, 3, 1, 2, 4, 5, 7, 8, 9]],
    [3, 5, [0, 2, 1]],
    [16, 8, [0, 8, 4, 12, 2, 10, 6, 14, 1, 3, 5, 7, 9, 11, 13, 15]],
    [4, 0, [0, 1, 2, 3]],
  ])('of %i pictures brings %i from all over to the front, and of these those that lie farthest apart', (count, first, order) => {
    expect(spreadFirst(Array.from({ length: count }, (_, index) => index), first)).toEqual(order)
  })
})
