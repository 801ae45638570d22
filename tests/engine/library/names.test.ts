import { describe, expect, it } from 'vitest'
import { randomStreamAt } from '../../../src/engine/tensor'
import { childPath, isHiddenName, isPictureName, naturalKey, rawName, showName } from '../../../src/engine/library/names'

const raw = (bytes: readonly number[] | string): string => Buffer.from(bytes as string, typeof bytes === 'string' ? 'utf8' : undefined).toString('latin1')

/** What a reader of an export does to get the bytes of a name back. */
function unshow(shown: string): Buffer {
  const parts = shown.match(/\\\\|\\x[0-9A-F]{2}|[^\\]+/g) ?? []
  return Buffer.concat(parts.map((part) => (part === '\\\\' ? Buffer.from('\\') : part.startsWith('\\x') ? Buffer.from(part.slice(2), 'hex') : Buffer.from(part))))
}

describe('showName', () => {
  it.each([
    ['plain ASCII', raw('IMG_0001.jpg'), 'IMG_0001.jpg'],
    ['UTF-8', raw('café.jpg'), 'café.jpg'],
    ['Latin-1', raw([0x63, 0x61, 0x66, 0xe9, 0x2e, 0x6a, 0x70, 0x67]), 'caf\\xE9.jpg'],
    ['a mixture of both', raw([0xc3, 0xa9, 0xe9]), '\\xC3\\xA9\\xE9'],
    ['a backslash', raw('a\\xE9.jpg'), 'a\\\\xE9.jpg'],
    ['markup, as it is', raw('<img src=x onerror=alert(1)>.jpg'), '<img src=x onerror=alert(1)>.jpg'],
    ['a line break, as it is', raw('two\nlines.jpg'), 'two\nlines.jpg'],
  ])('shows %s', (_name, name, expected) => {
    expect(showName(name)).toBe(expected)
    expect(unshow(showName(name)).toString('latin1')).toBe(name)
    expect(rawName(expected)).toBe(name)
  })

  it('shows no two names alike', () => {
    const names = [raw('é'), raw('e\u0301'), raw([0xe9]), raw('\\xE9'), raw('\\\\xE9'), raw('xE9')]
    expect(new Set(names.map(showName)).size).toBe(names.length)
  })
})

describe('rawName', () => {
  it('gives every name back that is shown', () => {
    const random = randomStreamAt(1, 'probe', 2)
    const alphabet = [0x5c, 0x78, 0x45, 0x39, 0xc3, 0xa9, 0xe9, 0x80, 0x20, 0x0a]
    const names = Array.from({ length: 2_000 }, () => raw(Array.from({ length: 1 + Math.floor(random.uniform() * 8) }, () => alphabet[Math.floor(random.uniform() * alphabet.length)] ?? 0)))
    expect(names.filter((name) => rawName(showName(name)) !== name)).toEqual([])
  })
})

describe('childPath', () => {
  it('is a string where that is the same file, else bytes', () => {
    const latin1 = raw([0xe9])
    expect([childPath('/a', raw('é')), childPath('/a', latin1), childPath(Buffer.from('/a'), raw('b'))]).toEqual(['/a/é', Buffer.from('/a/\xe9', 'latin1'), Buffer.from('/a/b')])
  })
})

describe('isPictureName', () => {
  it.each(['a.jpg', 'A.JPEG', 'a.b.png', '.webp.webp', 'a.tif', 'a.heic', 'a.svg', 'a.avif', 'a#b?c.jpg', 'p.jpg[1]', 'a.jpg[shrink=8]', raw('é.gif')])('takes %s', (name) => {
    expect(isPictureName(name)).toBe(true)
  })
  it.each(['a.txt', 'jpg', 'a.jpg.json', 'a.jpg.xmp', '._a.jpg', 'a.jpg[', 'a.mp4', 'a.pdf', ''])('leaves %s', (name) => {
    expect(isPictureName(name)).toBe(false)
  })
})

describe('isHiddenName', () => {
  it('goes by the leading dot', () => {
    expect(['.git', 'git', 'a.b'].map(isHiddenName)).toEqual([true, false, false])
  })
})

describe('naturalKey', () => {
  it('orders as people count', () => {
    const names = ['img10', 'IMG2', 'img1', 'img02b', 'b', 'Äpfel', 'a', 'img2a', 'img100', 'img1000000000000000000001', 'img1000000000000000000000']
    const sorted = names.map((name) => [naturalKey(name), name] as const).sort((a, b) => (a[0] < b[0] ? -1 : 1))
    expect(sorted.map(([, name]) => name)).toEqual(['a', 'Äpfel', 'b', 'img1', 'IMG2', 'img2a', 'img02b', 'img10', 'img100', 'img1000000000000000000000', 'img1000000000000000000001'])
  })
})
