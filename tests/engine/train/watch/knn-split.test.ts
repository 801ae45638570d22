import { describe, expect, it } from 'vitest'
import { knnSplit } from '../../../../src/engine/train/watch'

const images = (counts: Readonly<Record<string, number>>): { readonly relativePath: string }[] =>
  Object.entries(counts).flatMap(([name, count]) => Array.from({ length: count }, (_, index) => ({ relativePath: `${name}${name === '' ? '' : '/'}${index}.png` })))
const many = { seed: 3, maxReferences: 1000, maxQueries: 1000 }

describe('pictures that score a run', () => {
  it('are a fifth of each class as queries and the rest as references, never the same', () => {
    const split = knnSplit(images({ cat: 50, dog: 10, '': 7 }), many)!
    const per = (indices: readonly number[]): number[] => split.classes.map((_, label) => indices.filter((index) => split.labels[index] === label).length)
    expect({ classes: split.classes, queries: per(split.queries), references: per(split.references), all: new Set([...split.queries, ...split.references]).size }).toEqual({ classes: ['cat', 'dog'], queries: [10, 2], references: [40, 8], all: 60 })
  })

  it('are cut evenly over classes to what is wanted', () => {
    const { references, queries, labels } = knnSplit(images({ a: 100, b: 100, c: 100 }), { seed: 3, maxReferences: 60, maxQueries: 31 })!
    const per = (indices: readonly number[]): number[] => [0, 1, 2].map((label) => indices.filter((index) => labels[index] === label).length)
    expect([per(references), per(queries)]).toEqual([
      [20, 20, 20],
      [10, 10, 10],
    ])
  })

  it('are the same for the same seed and others for another', () => {
    const of = (seed: number) => knnSplit(images({ a: 40, b: 40 }), { ...many, seed })
    expect(of(1)).toEqual(of(1))
    expect(of(1)?.queries).not.toEqual(of(2)?.queries)
  })

  it.each<Readonly<Record<string, number>>>([{ a: 30 }, { '': 30 }, { a: 1, b: 9 }])('are none where there are no two classes of two pictures (%o)', (counts) => {
    expect(knnSplit(images(counts), many)).toBeUndefined()
  })
})
