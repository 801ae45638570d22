/** @file The places of the atlas: what is wanted stays, the oldest makes room. */
import { describe, expect, it } from 'vitest'
import { createAtlasSlots } from '../../../src/renderer/point-cloud/atlas-slots'

describe('the places of an atlas', () => {
  it('are given out one by one, and again for the same picture', () => {
    const slots = createAtlasSlots(2)
    expect([slots.take('a'), slots.take('b'), slots.take('a')]).toEqual([{ slot: 0, isNew: true }, { slot: 1, isNew: true }, { slot: 0, isNew: false }])
  })

  it('are refused when all are wanted in this round', () => {
    const slots = createAtlasSlots(1)
    slots.take('a')
    expect(slots.take('b')).toBeUndefined()
  })

  it('go from what was not wanted for longest to what is new', () => {
    const slots = createAtlasSlots(2)
    slots.take('a')
    slots.take('b')
    slots.nextRound()
    slots.take('a')
    expect(slots.take('c')).toEqual({ slot: 1, isNew: true })
    expect([slots.slotOf('a'), slots.slotOf('b'), slots.slotOf('c')]).toEqual([0, undefined, 1])
  })

  it('are free again when a picture could not be drawn', () => {
    const slots = createAtlasSlots(1)
    slots.take('a')
    slots.release('a')
    slots.release('unknown')
    expect(slots.take('b')).toEqual({ slot: 0, isNew: true })
  })
})
