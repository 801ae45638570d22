/** @file Events become plain arrays, each image once. */
import { describe, expect, it } from 'vitest'
import { createImageTable, folderOf, naturalKey, recordEvent } from '../../../src/renderer/stores/image-table'

describe('recordEvent', () => {
  it('keeps each image once and what is known of it', () => {
    const table = createImageTable()
    const image = { id: 'i', name: 'img9.jpg', relativePath: 'B/img9.jpg', sizeBytes: 1, modifiedMs: 2 }
    const problem = { relativePath: 'B/img9.jpg', code: 'IMG_EMPTY', reason: 'empty' }
    recordEvent(table, { kind: 'found', images: [image, { ...image, id: 'j' }] })
    recordEvent(table, { kind: 'found', images: [image] })
    recordEvent(table, { kind: 'checked', checks: [{ id: 'i', width: 3, height: 2 }] })
    recordEvent(table, { kind: 'broken', id: 'j', problem })
    recordEvent(table, { kind: 'skipped', problem })
    const key = naturalKey('img9.jpg')
    expect(table).toEqual({
      entries: [image, { ...image, id: 'j' }],
      nameKeys: [key, key],
      folderKeys: ['b', 'b'],
      searchTexts: ['b/img9.jpg', 'b/img9.jpg'],
      indexById: new Map([['i', 0], ['j', 1]]),
      checks: new Map([['i', { id: 'i', width: 3, height: 2 }]]),
      problems: new Map([['j', problem]]),
      skipped: [problem],
    })
  })
})

describe('names', () => {
  it('have a folder part', () => {
    expect(['a.jpg', 'b/c.jpg', 'b/c/d.jpg'].map(folderOf)).toEqual(['', 'b', 'b/c'])
  })
  it('compare by the value of their numbers', () => {
    expect(naturalKey('img9') < naturalKey('img10')).toBe(true)
    expect(naturalKey('IMG9')).toBe(naturalKey('img9'))
  })
})
