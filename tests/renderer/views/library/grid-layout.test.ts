/** @file Tiles in rows under their folders, and the arrow keys over them. */
import { describe, expect, it } from 'vitest'
import { gridMetrics, gridRows, movedPosition, rowOf, type GridMove } from '../../../../src/renderer/views/library/grid-layout'

describe('gridMetrics', () => {
  it.each([
    [1000, 168, 12, { columns: 5, tile: 190 }],
    [168, 168, 12, { columns: 1, tile: 168 }],
    [50, 168, 12, { columns: 1, tile: 50 }],
    [0, 168, 12, { columns: 1, tile: 1 }],
  ])('of %d pixels with tiles of %d and gaps of %d', (width, tile, gap, expected) => {
    expect(gridMetrics(width, tile, gap)).toEqual(expected)
  })
})

// Seven images in two folders, three columns: 0 1 2 / 3 | 4 5 6
const folders = ['', '', '', '', 'b', 'b', 'b']
const grouped = gridRows(7, 3, (position) => folders[position] ?? '')

describe('gridRows', () => {
  it('fills rows from left to right', () => {
    expect(gridRows(7, 3)).toEqual([
      { kind: 'tiles', start: 0, end: 3 },
      { kind: 'tiles', start: 3, end: 6 },
      { kind: 'tiles', start: 6, end: 7 },
    ])
    expect(gridRows(0, 3)).toEqual([])
  })

  it('puts a heading over each folder and starts a new row', () => {
    expect(grouped).toEqual([
      { kind: 'heading', folder: '', count: 4 },
      { kind: 'tiles', start: 0, end: 3 },
      { kind: 'tiles', start: 3, end: 4 },
      { kind: 'heading', folder: 'b', count: 3 },
      { kind: 'tiles', start: 4, end: 7 },
    ])
  })
})

describe('rowOf', () => {
  it('finds the row of every position and none outside', () => {
    expect([-1, 0, 2, 3, 4, 6, 7].map((position) => rowOf(grouped, position))).toEqual([-1, 1, 1, 2, 4, 4, -1])
    expect(rowOf([], 0)).toBe(-1)
  })
})

describe('movedPosition', () => {
  it.each<readonly [number, GridMove, number]>([
    [0, 'left', 0],
    [3, 'left', 2],
    [3, 'right', 4],
    [6, 'right', 6],
    [2, 'down', 3],
    [3, 'down', 4],
    [5, 'up', 3],
    [4, 'up', 3],
    [1, 'up', 1],
    [5, 'down', 5],
    [1, 'pageDown', 5],
    [6, 'pageUp', 2],
    [4, 'first', 0],
    [4, 'last', 6],
    [-1, 'right', 0],
    [-1, 'up', 0],
  ])('from %d %s leads to %d', (position, move, expected) => {
    expect(movedPosition(grouped, 7, position, move, 2)).toBe(expected)
  })

  it('leads nowhere where there is nothing', () => {
    expect(movedPosition([], 0, -1, 'right', 1)).toBe(-1)
  })
})
