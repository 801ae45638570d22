/** @file Addresses of pictures and exports are relative and opaque. */
import { describe, expect, it } from 'vitest'
import { coveringEdge, exportUrl, imageUrl } from '../../../src/renderer/services/urls'

describe('addresses', () => {
  it('are relative, opaque and cannot leave their place', () => {
    expect(imageUrl('abc', 256)).toBe('image/abc?edge=256')
    expect(imageUrl('../x?y#z', 256)).toBe('image/..%2Fx%3Fy%23z?edge=256')
    expect(exportUrl('e1', 'a b.csv')).toBe('export/e1/a%20b.csv')
  })

  it('ask for the smallest usual edge that is enough', () => {
    expect([1, 128, 129, 300, 1600, 99_999].map(coveringEdge)).toEqual([128, 128, 192, 384, 1600, 4096])
  })
})
