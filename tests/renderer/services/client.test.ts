/** @file Where the page finds its engine. */
import { describe, expect, it } from 'vitest'
import { socketUrl } from '../../../src/renderer/services/client'

describe('socketUrl', () => {
  it('leads to the engine beside the page', () => {
    expect(socketUrl('http://127.0.0.1:4000/#/inspect/1')).toBe('ws://127.0.0.1:4000/engine')
    expect(socketUrl('https://localhost:4000/index.html')).toBe('wss://localhost:4000/engine')
  })
})
