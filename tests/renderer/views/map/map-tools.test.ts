/** @file What a drag on the map does, by tool and keys; where a patch lies in its picture. */
import { describe, expect, it } from 'vitest'
import { effectOf, toolOf } from '../../../../src/renderer/views/map/map-tools'
import { patchExtent } from '../../../../src/renderer/views/map/patch-extent'

const keys = (...held: readonly ('shift' | 'alt' | 'ctrl' | 'meta')[]) => ({ shiftKey: held.includes('shift'), altKey: held.includes('alt'), ctrlKey: held.includes('ctrl'), metaKey: held.includes('meta') })

describe('a drag on the map', () => {
  it.each([
    ['navigate', keys(), 'navigate'],
    ['navigate', keys('shift'), 'rectangle'],
    ['navigate', keys('shift', 'alt'), 'lasso'],
    ['navigate', keys('ctrl'), 'navigate'],
    ['lasso', keys('shift'), 'lasso'],
    ['rectangle', keys('shift', 'alt'), 'rectangle'],
  ] as const)('with %s and %o draws %s', (tool, held, drawn) => {
    expect(toolOf(tool, held)).toBe(drawn)
  })

  it.each([
    [keys(), 'set'],
    [keys('ctrl'), 'add'],
    [keys('meta', 'shift'), 'add'],
    [keys('alt'), 'take'],
    [keys('shift', 'alt'), 'set'],
  ] as const)('with %o leads to %s', (held, effect) => {
    expect(effectOf(held)).toBe(effect)
  })
})

const model = { patchSize: 16, evaluation: { shortEdge: 256, crop: 224 } }

describe('a stored patch', () => {
  it('lies in the centre square that the model saw', () => {
    // 14 × 14 patches over seven eighths of the short edge.
    const { left, top, width, height } = patchExtent(0, model, { width: 512, height: 256 })
    expect([left * 512, top * 256, width * 512, height * 256]).toEqual([144, 16, 16, 16])
    const last = patchExtent(195, model, { width: 512, height: 256 })
    expect([(last.left + last.width) * 512, (last.top + last.height) * 256]).toEqual([368, 240])
  })
})
