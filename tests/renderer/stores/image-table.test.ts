/** @file Events become plain arrays, each image once. */
import { describe, expect, it } from 'vitest'
import { naturalKey as engineKey } from '../../../src/engine/library/names'
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
      gone: new Set(),
      revisions: new Map(),
    })
  })

  it('follows files that go, come back and become other pictures', () => {
    const table = createImageTable()
    const problem = { relativePath: 'i', code: 'IMG_EMPTY', reason: 'empty' }
    recordEvent(table, { kind: 'checked', checks: [{ id: 'i', width: 3, height: 2 }] })
    recordEvent(table, { kind: 'broken', id: 'j', problem })
    recordEvent(table, { kind: 'gone', ids: ['i', 'j', 'k'] })
    recordEvent(table, { kind: 'back', ids: ['k'] })
    recordEvent(table, { kind: 'changed', ids: ['i', 'j'] })
    recordEvent(table, { kind: 'changed', ids: ['j'] })
    recordEvent(table, { kind: 'gone', ids: ['l'] })
    expect(table).toMatchObject({ checks: new Map(), problems: new Map(), gone: new Set(['l']), revisions: new Map([['i', 1], ['j', 2]]) })
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
  it('are in the order in which the engine lists them', () => {
    const names = [
      'img10', 'IMG2', 'img02', 'img1', 'img', 'img-1', 'img 3', 'img_4', 'img.5', 'img:6', 'img~7', 'imga', 'a10b2', 'a10b10', 'a9b99', '007', '7', '0', '000', '',
      '1234567890123', '999999999999', '01234567890123', '1000000000000000000001', '1000000000000000000000', `x${'9'.repeat(5000)}`, `x${'1'.repeat(4097)}0`,
      'Äpfel', 'A\u0308pfel', 'apfel', 'Zebra', 'ﬁ1', 'fi2', '２', '²', '٣', 'ß', 'İ', '日本10', '日本9', '\\xE9', '😀2', '😀10', 'b/10/a', 'b/9/a',
    ]
    const sortedBy = (keyOf: (name: string) => string): string[] =>
      names.map((name) => [keyOf(name), name] as const).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, name]) => name)
    expect(sortedBy(naturalKey)).toEqual(sortedBy(engineKey))
    expect(names.map(naturalKey)).toEqual(names.map(engineKey))
  })
})
