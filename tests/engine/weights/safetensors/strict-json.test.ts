import { describe, expect, test } from 'vitest'
import { parseStrictJson, StrictJsonError, type StrictJson } from '../../../../src/engine/weights/safetensors/strict-json'

function plain(value: StrictJson): unknown {
  if (value instanceof Map) return Object.fromEntries(Array.from(value as ReadonlyMap<string, StrictJson>, ([name, item]) => [name, plain(item)]))
  return Array.isArray(value) ? value.map(plain) : value
}

describe('strict JSON', () => {
  test.each(['{}', '[]', ' [1, 2 ,3]\n', '{"a":{"b":[true,false,null]},"":"\\u00e9\\n\\"\\\\"}', '"\\ud83d\\ude00"', '0', '9007199254740991', '"ü"'])(
    'reads %j as JSON.parse does',
    (text) => {
      expect(plain(parseStrictJson(text, 8))).toEqual(JSON.parse(text))
    },
  )

  test('keeps integers that a double cannot hold, and sets other numbers apart', () => {
    expect(parseStrictJson('9007199254740993', 1)).toBe(9007199254740993n)
    expect(parseStrictJson('[-1,1.5,1e3,-0]', 1)).toMatchObject([{ literal: '-1' }, { literal: '1.5' }, { literal: '1e3' }, { literal: '-0' }])
  })

  test.each([
    '',
    ' ',
    '{',
    '[',
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '[1,]',
    '[1 2]',
    '01',
    '1.',
    '.5',
    '+1',
    'nul',
    'NaN',
    'Infinity',
    "'a'",
    '"a',
    '"\t"',
    '"\\x"',
    '"\\u12"',
    '"\\ud800"',
    '{a:1}',
    '1 1',
    '\u00a01',
  ])('refuses %j', (text) => {
    expect(() => parseStrictJson(text, 8)).toThrow(StrictJsonError)
  })

  test('names what occurs twice, however it is written', () => {
    expect(() => parseStrictJson('{"a":1,"\\u0061":2}', 1)).toThrow(expect.objectContaining({ duplicate: 'a' }))
  })

  test('bounds the depth', () => {
    expect(plain(parseStrictJson('[[[]]]', 3))).toEqual([[[]]])
    expect(() => parseStrictJson('[[[]]]', 2)).toThrow('nested deeper than 2')
    expect(() => parseStrictJson('['.repeat(1_000_000), 16)).toThrow('nested deeper than 16')
  })
})
