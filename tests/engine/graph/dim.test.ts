import { describe, expect, it } from 'vitest'
import { broadcastShapes, divideDims, multiplyDims, sumDims } from '../../../src/engine/graph'

describe('sizes known only at run time', () => {
  it('add up to one canonical text', () => {
    expect([sumDims([1, 4, 'h*w']), sumDims(['h*w', 5]), sumDims([2, 3]), sumDims(['b', 'a', 'a+1'])]).toEqual(['h*w+5', 'h*w+5', 5, 'a+a+b+1'])
  })

  it('multiply to one canonical text and divide back', () => {
    const tokens = multiplyDims(['batch', 'h*w+5', 384])
    expect(tokens).toEqual('384*(h*w+5)*batch')
    expect(divideDims(['batch', 'h*w+5', 384], ['batch', 384])).toEqual('h*w+5')
    expect(divideDims([tokens], ['h*w+5', 384, 'batch'])).toBe(1)
    expect(divideDims(['h', 'w', 6], ['h*w', 3])).toBe(2)
    expect(divideDims(['h', 6], ['w'])).toBeUndefined()
    expect(divideDims([6], [4])).toBeUndefined()
  })

  it('broadcast only against themselves and 1', () => {
    expect(broadcastShapes('test', ['n', 1, 3], ['m', 1])).toEqual(['n', 'm', 3])
    expect(() => broadcastShapes('test', ['n'], ['m'])).toThrow('test: shapes [n] and [m] do not broadcast')
  })
})
