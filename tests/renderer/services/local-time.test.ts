/** @file Local times for a date-and-time field. */
import { describe, expect, it } from 'vitest'
import { localDateTime, nextMorning } from '../../../src/renderer/services/local-time'

describe('local times', () => {
  it('writes what a field reads back as the same moment', () => {
    const date = new Date(2026, 2, 5, 7, 4)
    expect([localDateTime(date), new Date(localDateTime(date)).getTime()]).toEqual(['2026-03-05T07:04', date.getTime()])
  })

  it('finds the next morning, over the end of a month too', () => {
    expect([nextMorning(new Date(2026, 2, 5, 3)), nextMorning(new Date(2026, 2, 31, 7)), nextMorning(new Date(2026, 2, 5, 22))].map(localDateTime)).toEqual([
      '2026-03-05T07:00', '2026-04-01T07:00', '2026-03-06T07:00',
    ])
  })
})
