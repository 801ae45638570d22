/** @file Progress in words, without what is not known yet. */
import { describe, expect, it } from 'vitest'
import { progressText } from '../../../src/renderer/services/progress-text'
import { progressOf } from '../fake-engine'

describe('progressText', () => {
  it.each([
    [undefined, 'Starting…'],
    [progressOf('', 412, 1000), '412 of 1,000'],
    [progressOf('', 412, 1000, 196), '412 of 1,000 · 196/s · 3 s left'],
    [progressOf('', 999, 1000, 196), '999 of 1,000 · 196/s'],
    [progressOf('', 7, 0), '7'],
  ])('of %j is %s', (progress, expected) => {
    expect(progressText(progress)).toBe(expected)
  })
})
