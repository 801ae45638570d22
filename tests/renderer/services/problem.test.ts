/** @file Anything thrown becomes a code, a sentence and lists to expand. */
import { describe, expect, it } from 'vitest'
import { EngineError } from '../../../src/engine/contract'
import { isCancelled, problemOf } from '../../../src/renderer/services/problem'

describe('problemOf', () => {
  it('keeps code and message and turns lists of the detail into lists to expand', () => {
    const error = new EngineError('MODEL_KEYS', 'x.pth: 2 tensors are missing', {
      detail: { missingKeys: ['norm.weight', 'norm.bias'], unexpectedKeys: [], file: 'x.pth', shape: [1, 2] },
    })
    expect(problemOf(error)).toEqual({
      code: 'MODEL_KEYS',
      message: 'x.pth: 2 tensors are missing',
      lists: [{ title: 'Missing keys', items: ['norm.weight', 'norm.bias'] }],
    })
  })

  it('takes anything that was thrown', () => {
    expect(problemOf(new TypeError('no'))).toEqual({ code: 'INTERNAL', message: 'no', lists: [] })
    expect(problemOf('no')).toEqual({ code: 'INTERNAL', message: 'no', lists: [] })
  })

  it('tells a cancellation from a failure', () => {
    expect([isCancelled(new EngineError('CANCELLED', '')), isCancelled(new EngineError('DISK', '')), isCancelled(undefined)]).toEqual([true, false, false])
  })
})
