/** @file What a key press is called and whom it is meant for. */
import { describe, expect, it } from 'vitest'
import { isTakenByControl, keyName } from '../../../src/renderer/services/keys'

describe('keyName', () => {
  const press = { key: 'a', ctrlKey: false, metaKey: false, altKey: false, shiftKey: false }
  it.each([
    [{ ...press, key: ' ' }, 'Space'],
    [{ ...press, key: 'h' }, 'H'],
    [{ ...press, key: '?', shiftKey: true }, '?'],
    [{ ...press, key: 'o', ctrlKey: true }, 'Mod+O'],
    [{ ...press, key: 'o', metaKey: true }, 'Mod+O'],
    [{ ...press, key: 'ArrowLeft', altKey: true }, 'Alt+ArrowLeft'],
    [{ ...press, key: 'Tab', shiftKey: true }, 'Shift+Tab'],
  ])('of %j is %s', (event, expected) => {
    expect(keyName(event)).toBe(expected)
  })
})

describe('isTakenByControl', () => {
  /** An element inside what `inside` selects. */
  const within = (inside: string) => ({ closest: (selectors: string) => (selectors.includes(inside) ? inside : null) })

  it.each<readonly [string, string, boolean]>([
    ['input', 'H', true],
    ['input', 'ArrowLeft', true],
    ['[role="dialog"]', 'Escape', true],
    ['[role="menu"]', 'Enter', true],
    ['[role="slider"]', 'ArrowLeft', true],
    ['[role="slider"]', 'H', false],
    ['[role="tablist"]', 'ArrowRight', true],
    ['button', 'Space', true],
    ['button', 'Enter', true],
    ['button', 'ArrowRight', false],
    ['button', 'Alt+ArrowRight', false],
    ['nothing', 'Space', false],
  ])('in %s, %s: %s', (inside, name, expected) => {
    expect(isTakenByControl(within(inside), name)).toBe(expected)
  })

  it('leaves everything to the page when nothing has the focus', () => {
    expect(isTakenByControl(null, 'Space')).toBe(false)
  })
})
