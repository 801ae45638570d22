/** @file A JSON reader that keeps what JSON.parse loses: duplicate names, exact integers, and a bound on depth. */

/** A number that is not a non-negative integer written plainly: negative, fractional or with an exponent. */
export class OtherNumber {
  readonly literal: string

  constructor(literal: string) {
    this.literal = literal
  }
}

/** Non-negative integers are numbers up to 2^53 - 1 and bigints beyond. Objects are maps, so that no name is special. */
export type StrictJson = null | boolean | string | number | bigint | OtherNumber | readonly StrictJson[] | JsonObject
export type JsonObject = ReadonlyMap<string, StrictJson>

/** What is wrong with the text, and where. */
export class StrictJsonError extends Error {
  readonly position: number
  /** The name that occurs twice, where that is what is wrong. */
  readonly duplicate: string | undefined

  constructor(message: string, position: number, duplicate?: string) {
    super(`${message} at character ${position}`)
    this.name = 'StrictJsonError'
    this.position = position
    this.duplicate = duplicate
  }
}

const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
// Without the u flag a lone surrogate can be told from a pair.
const loneSurrogate = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/

const quote = 0x22
const backslash = 0x5c

/** More digits than any length we hold need no exact value to be wrong. */
const maximumDigits = 40

/**
 * Reads one JSON value that fills `text`, nested at most `maximumDepth` deep.
 * @throws StrictJsonError
 */
export function parseStrictJson(text: string, maximumDepth: number): StrictJson {
  let position = 0

  const fail = (message: string): never => {
    throw new StrictJsonError(message, position)
  }
  const skipSpace = (): void => {
    for (;;) {
      const code = text.charCodeAt(position)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
      position++
    }
  }
  const expect = (character: string): void => {
    if (text[position] !== character) fail(`expected ${character}`)
    position++
  }
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = position
    const found = pattern.exec(text)?.[0]
    if (found !== undefined) position += found.length
    return found
  }
  const readString = (): string => {
    const start = position
    if (text[position] !== '"') fail('expected a string')
    let escaped = false
    // A loop rather than a pattern: a name may be megabytes long, and a pattern with alternatives would need a stack for it.
    for (position++; ; position++) {
      const code = text.charCodeAt(position)
      if (code === quote) break
      if (code === backslash) {
        escaped = true
        position++
      } else if (!(code >= 0x20)) fail('a string that does not end, or a control character in it')
    }
    position++
    return escaped ? unescape(text.slice(start, position), start) : text.slice(start + 1, position - 1)
  }
  const readNumber = (): StrictJson => {
    const literal = match(numberPattern)
    if (literal === undefined) return fail('expected a value')
    if (!/^\d+$/.test(literal) || literal.length > maximumDigits) return new OtherNumber(literal.slice(0, maximumDigits))
    const value = Number(literal)
    return Number.isSafeInteger(value) ? value : BigInt(literal)
  }
  const readWord = <T>(word: string, value: T): T => {
    if (!text.startsWith(word, position)) fail('expected a value')
    position += word.length
    return value
  }
  const readArray = (depth: number): StrictJson => {
    const items: StrictJson[] = []
    position++
    skipSpace()
    if (text[position] === ']') {
      position++
      return items
    }
    for (;;) {
      items.push(readValue(depth))
      skipSpace()
      if (text[position] !== ',') break
      position++
    }
    expect(']')
    return items
  }
  const readObject = (depth: number): StrictJson => {
    const entries = new Map<string, StrictJson>()
    position++
    skipSpace()
    if (text[position] === '}') {
      position++
      return entries
    }
    for (;;) {
      skipSpace()
      const start = position
      const name = readString()
      if (entries.has(name)) throw new StrictJsonError('a name that occurs twice', start, name)
      skipSpace()
      expect(':')
      entries.set(name, readValue(depth))
      skipSpace()
      if (text[position] !== ',') break
      position++
    }
    expect('}')
    return entries
  }
  const readValue = (depth: number): StrictJson => {
    skipSpace()
    const nested = (): number => (depth < maximumDepth ? depth + 1 : fail(`nested deeper than ${maximumDepth}`))
    switch (text[position]) {
      case '{':
        return readObject(nested())
      case '[':
        return readArray(nested())
      case '"':
        return readString()
      case 't':
        return readWord('true', true)
      case 'f':
        return readWord('false', false)
      case 'n':
        return readWord('null', null)
      default:
        return readNumber()
    }
  }

  const value = readValue(0)
  skipSpace()
  if (position < text.length) fail('unexpected text after the value')
  return value
}

/** Decodes a string that holds escapes, quotes included. */
function unescape(literal: string, position: number): string {
  let value: string
  try {
    value = JSON.parse(literal) as string
  } catch {
    throw new StrictJsonError('a string with an unknown escape', position)
  }
  if (loneSurrogate.test(value)) throw new StrictJsonError('a string with half a surrogate pair', position)
  return value
}
