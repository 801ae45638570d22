import { describe, expect, it } from 'vitest'
import { createNaturalOrder } from '../../../src/engine/library/natural-order'

describe('createNaturalOrder', () => {
  it.each([0, 1, 2, 1024, 1025, 10_000])('sorts %i items as one sort would', (count) => {
    const items = Array.from({ length: count }, (_, index) => ({ key: String((index * 7919) % 1009), raw: String((index * 104_729) % 10_007) }))
    const order = createNaturalOrder<{ key: string; raw: string }>()
    for (const item of items) order.add(item)
    const text = (item: { key: string; raw: string }): string => `${item.key} ${item.raw}`
    const expected = items.toSorted((a, b) => (a.key !== b.key ? (a.key < b.key ? -1 : 1) : a.raw < b.raw ? -1 : 1))
    expect([...order.sorted()].map(text)).toEqual(expected.map(text))
  })
})
