/** @file Order and filter of the images: what people expect of names, and merging equal to sorting. */
import { describe, expect, it } from 'vitest'
import { compareBy, filterIndices, mergeSorted, sortedIndices, type ImageSort } from '../../../src/renderer/stores/image-order'
import { createImageTable, recordEvent } from '../../../src/renderer/stores/image-table'

const files = [
  ['b/img10.jpg', 30, 100],
  ['b/IMG9.jpg', 10, 300],
  ['a.jpg', 20, 200],
  ['b/c/img1.jpg', 20, 50],
  ['Ärger.jpg', 5, 400],
] as const

function tableOf() {
  const table = createImageTable()
  const images = files.map(([relativePath, sizeBytes, modifiedMs]) => ({
    id: relativePath, name: relativePath.slice(relativePath.lastIndexOf('/') + 1), relativePath, sizeBytes, modifiedMs,
  }))
  recordEvent(table, { kind: 'found', images })
  return table
}

const namesIn = (sort: ImageSort): string[] => {
  const table = tableOf()
  return [...sortedIndices(0, files.length, compareBy(table, sort))].map((index) => table.entries[index]?.relativePath ?? '')
}

describe('order', () => {
  it.each<readonly [string, ImageSort, readonly string[]]>([
    ['name, numbers by value and case ignored', { by: 'name', descending: false, grouped: false }, ['a.jpg', 'Ärger.jpg', 'b/c/img1.jpg', 'b/IMG9.jpg', 'b/img10.jpg']],
    ['name from the end', { by: 'name', descending: true, grouped: false }, ['b/img10.jpg', 'b/IMG9.jpg', 'b/c/img1.jpg', 'Ärger.jpg', 'a.jpg']],
    ['size, then name', { by: 'size', descending: false, grouped: false }, ['Ärger.jpg', 'b/IMG9.jpg', 'a.jpg', 'b/c/img1.jpg', 'b/img10.jpg']],
    ['date', { by: 'date', descending: true, grouped: false }, ['Ärger.jpg', 'b/IMG9.jpg', 'a.jpg', 'b/img10.jpg', 'b/c/img1.jpg']],
    ['folders forward whatever the order within', { by: 'name', descending: true, grouped: true }, ['Ärger.jpg', 'a.jpg', 'b/img10.jpg', 'b/IMG9.jpg', 'b/c/img1.jpg']],
  ])('by %s', (_name, sort, expected) => {
    expect(namesIn(sort)).toEqual(expected)
  })

  it.each<readonly [string, boolean, readonly string[]]>([
    ['nearest first', false, ['b/IMG9.jpg', 'a.jpg', 'b/img10.jpg', 'Ärger.jpg', 'b/c/img1.jpg']],
    ['farthest first', true, ['b/img10.jpg', 'a.jpg', 'b/IMG9.jpg', 'b/c/img1.jpg', 'Ärger.jpg']],
  ])('by depth, %s, and what has none last', (_name, descending, expected) => {
    // The last file has come since the folder was measured.
    expect(namesIn({ by: 'depth', descending, grouped: false, numbers: Float32Array.of(4, 0.5, 1, NaN) })).toEqual(expected)
  })

  it('is the same whether images come together or in batches', () => {
    const table = tableOf()
    const compare = compareBy(table, { by: 'size', descending: true, grouped: false })
    const whole = sortedIndices(0, 5, compare)
    expect(mergeSorted(sortedIndices(0, 2, compare), sortedIndices(2, 5, compare), compare)).toEqual(whole)
    expect(mergeSorted(new Uint32Array(), whole, compare)).toBe(whole)
    expect(mergeSorted(whole, new Uint32Array(), compare)).toBe(whole)
  })
})

describe('filterIndices', () => {
  const all = Uint32Array.of(0, 1, 2, 3, 4)
  it.each([
    ['IMG', [0, 1, 3]],
    ['b/ img 10', [0]],
    ['zebra', []],
    ['ärg', [4]],
  ])('%s', (filter, expected) => {
    expect([...filterIndices(tableOf(), all, filter)]).toEqual(expected)
  })

  it('returns the very same array where there is nothing to filter', () => {
    expect(filterIndices(tableOf(), all, '  ')).toBe(all)
  })
})
