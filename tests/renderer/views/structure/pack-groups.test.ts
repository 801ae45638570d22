/** @file Groups side by side in lines. */
import { expect, it } from 'vitest'
import { packGroups } from '../../../../src/renderer/views/structure/pack-groups'

it.each([
  { sizes: [], capacity: 7, lines: [] },
  { sizes: [2, 2, 3, 2], capacity: 7, lines: [{ first: 0, groups: 3 }, { first: 3, groups: 1 }] },
  { sizes: [12, 2, 2], capacity: 7, lines: [{ first: 0, groups: 1 }, { first: 1, groups: 2 }] },
  { sizes: [2, 12, 2], capacity: 7, lines: [{ first: 0, groups: 1 }, { first: 1, groups: 1 }, { first: 2, groups: 1 }] },
])('puts $sizes into lines of $capacity', ({ sizes, capacity, lines }) => {
  expect(packGroups(sizes, capacity)).toEqual(lines)
})
