/** @file Names of saved views are safe on every file system. */
import { describe, expect, it } from 'vitest'
import { viewFileName } from '../../../src/renderer/services/save-view'

describe('viewFileName', () => {
  it('drops the extension and what file systems refuse', () => {
    expect(viewFileName('chelsea.v2.png', 'PCA')).toBe('chelsea.v2 - PCA.png')
    expect(viewFileName('a:b?.jpg', 'x/y')).toBe('a_b_ - x_y.png')
  })
})
