/** @file What colour and state points have, and the legend that explains them. */
import { describe, expect, it } from 'vitest'
import { pointState } from '../../../src/renderer/point-cloud'
import { categoryColouring, legendOf, numberColouring, palette, placeColouring, plain, tintsOf, type Colouring } from '../../../src/renderer/point-cloud/colouring'

const category = (words: readonly (string | undefined)[]) => categoryColouring(words) as Extract<Colouring, { kind: 'category' }>
const all = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, row) => row)

describe('a legend', () => {
  it('names the most frequent first, counts what is selected, and puts pictures without a category last', () => {
    const colouring = category(['cat', 'dog', 'dog', undefined, 'cat', 'dog'])
    expect(legendOf(colouring, all(6), (row) => row === 1 || row === 3)).toEqual([
      { categories: [1], name: 'dog', colour: palette[0], total: 3, selected: 1 },
      { categories: [0], name: 'cat', colour: palette[1], total: 2, selected: 0 },
      { categories: [-1], name: 'None', colour: [104, 110, 118], total: 1, selected: 1 },
    ])
  })

  it('counts the points of the map alone', () => {
    expect(legendOf(category(['a', 'b', 'a']), Uint32Array.of(0), () => false).map(({ name, total }) => [name, total])).toEqual([['a', 1]])
  })

  it('gathers rare categories when there are more than colours', () => {
    const words = Array.from({ length: 30 }, (_, index) => `c${index}`)
    const legend = legendOf(category([...words, 'c7']), all(31), () => false)
    expect(legend).toHaveLength(palette.length)
    expect(legend[0]?.name).toBe('c7')
    expect(legend.at(-1)).toMatchObject({ name: 'Other (20)', total: 20 })
  })
})

describe('tints', () => {
  const base = { rows: all(3), legend: [], hidden: new Set<number>(), isSelected: () => false, hasSelection: false, colourMap: Uint8Array.from({ length: 768 }, (_, index) => Math.floor(index / 3)) }

  it('are one colour where nothing tells points apart', () => {
    expect([...tintsOf({ ...base, rows: all(1), colouring: { kind: 'plain' } })]).toEqual([...plain, 0])
  })

  it('follow numbers over their range, grey where there is none', () => {
    const colouring: Colouring = { kind: 'number', values: Float32Array.of(1, NaN, 9), low: 1, high: 5 }
    expect([...tintsOf({ ...base, colouring })]).toEqual([0, 0, 0, 0, 104, 110, 118, 0, 255, 255, 255, 0])
  })

  it('say what is selected, dimmed and hidden', () => {
    const colouring = category(['a', 'b', 'a'])
    const legend = legendOf(colouring, all(3), () => false)
    const tints = tintsOf({ ...base, colouring, legend, hidden: new Set([1]), isSelected: (point) => point === 0, hasSelection: true })
    expect([tints[3], tints[7], tints[11]]).toEqual([pointState.selected, pointState.dimmed | pointState.hidden, pointState.dimmed])
    expect([...tints.subarray(0, 3)]).toEqual(legend[0]?.colour)
  })
})

describe('patches', () => {
  const base = { rows: Uint32Array.of(0, 0, 1), legend: [], hidden: new Set<number>(), isSelected: () => false, hasSelection: false, colourMap: new Uint8Array(768) }

  it('have their own categories, in the colours that these bring', () => {
    const colouring: Colouring = { kind: 'category', per: 'point', labels: Int32Array.of(1, 0, 1), names: ['sky', 'leaf'], colours: [[1, 2, 3], [4, 5, 6]] }
    const legend = legendOf(colouring, base.rows, (point) => point === 2)
    expect(legend).toEqual([
      { categories: [1], name: 'leaf', colour: [4, 5, 6], total: 2, selected: 1 },
      { categories: [0], name: 'sky', colour: [1, 2, 3], total: 1, selected: 0 },
    ])
    expect([...tintsOf({ ...base, colouring, legend })]).toEqual([4, 5, 6, 0, 1, 2, 3, 0, 4, 5, 6, 0])
  })

  it('wear colours of their own', () => {
    expect([...tintsOf({ ...base, colouring: { kind: 'colours', rgb: Uint8Array.of(9, 8, 7, 6, 5, 4, 3, 2, 1) } })]).toEqual([9, 8, 7, 0, 6, 5, 4, 0, 3, 2, 1, 0])
  })

  it('are coloured by where they lie', () => {
    const colouring = placeColouring(Float32Array.of(-1, 0, 1, 0, 0, 2), 2)
    expect(colouring).toEqual({ kind: 'colours', rgb: Uint8Array.of(30, 30, 128, 245, 30, 128, 138, 245, 128) })
  })
})

describe('the range of numbers', () => {
  it('leaves out the extremes', () => {
    const values = Float32Array.from({ length: 200 }, (_, index) => (index === 199 ? 1e9 : index))
    expect(numberColouring(values)).toEqual({ kind: 'number', per: 'row', values, low: 2, high: 197 })
  })

  it('of nothing is empty', () => {
    expect(numberColouring(Float32Array.of(NaN))).toMatchObject({ low: 0, high: 0 })
  })
})
