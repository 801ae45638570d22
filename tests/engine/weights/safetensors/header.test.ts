import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isEngineError } from '../../../../src/engine/contract'
import { readSafetensorsIndex } from '../../../../src/engine/weights'
import { bytesAsSource } from '../../../../src/engine/weights/bytes/byte-source'
import { readHeader } from '../../../../src/engine/weights/safetensors/read'
import { errorOf, fixtures, put, temporaryFolder } from '../support/files'

function file(header: string | Buffer, dataBytes = 0, claimed?: bigint): Buffer {
  const json = Buffer.from(header as string)
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(claimed ?? BigInt(json.length))
  return Buffer.concat([length, json, Buffer.alloc(dataBytes)])
}

const index = (bytes: Buffer): ReturnType<typeof readHeader> => readHeader(bytesAsSource('model.safetensors', bytes))

/** One float32 tensor of four elements, with some fields replaced. Values are JSON text. */
function tensorText(name: string, fields: { dtype?: string; shape?: string; offsets?: string } = {}): string {
  return `"${name}":{"dtype":${fields.dtype ?? '"F32"'},"shape":${fields.shape ?? '[4]'},"data_offsets":${fields.offsets ?? '[0,16]'}}`
}

describe('a header that cannot be trusted as a whole', () => {
  test.each([
    ['an empty file', Buffer.alloc(0)],
    ['7 bytes', Buffer.alloc(7)],
    ['8 bytes', Buffer.alloc(8)],
    ['a length of zero', file('{}', 8, 0n)],
    ['a length of 1000 in a file of 100 bytes', file(' '.repeat(92), 0, 1000n)],
    ['a length of 2^63', file('{}', 90, 2n ** 63n)],
    ['a length of 110 MB', file('{}', 90, 110_000_000n)],
    ['bytes that are not UTF-8', file(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]))],
    ['text that is not JSON', file('{"a"')],
    ['a leading space', file(' {}')],
    ['a byte-order mark', file('\ufeff{}')],
    ['a list', file('[1]')],
    ['something behind the object', file('{}x')],
    ['a deep nest', file(`{"a":${'['.repeat(2_000_000)}`)],
    ['half a surrogate pair', file('{"\\ud800":1}')],
    ['an unknown escape', file('{"\\x":1}')],
    ['a line break in a name', file('{"\n":1}')],
    ['metadata that is not an object', file('{"__metadata__":1}')],
    ['metadata with a number', file('{"__metadata__":{"a":1}}')],
    ['metadata with null', file('{"__metadata__":{"a":null}}')],
    ['data without tensors', file('{}', 1)],
  ])('is refused: %s', async (_what, bytes) => {
    const startMs = performance.now()
    expect(await errorOf(index(bytes))).toMatchObject({ code: 'MODEL_HEADER', detail: { path: 'model.safetensors' } })
    expect(performance.now() - startMs).toBeLessThan(500)
  })

  test('is never allocated before its length has been checked', async () => {
    const reads: number[] = []
    const source = bytesAsSource('model.safetensors', file('{}', 90, 2n ** 40n))
    const watched = { ...source, read: (offset: number, length: number) => (reads.push(length), source.read(offset, length)) }
    await errorOf(readHeader(watched))
    expect(reads).toEqual([8])
  })
})

describe('a tensor that is described wrongly is refused by name', () => {
  test.each([
    ['two tensors in one place', `${tensorText('a')},${tensorText('b')}`, 16, 'b'],
    ['a hole', `${tensorText('a')},${tensorText('b', { offsets: '[20,36]' })}`, 36, 'b'],
    ['data that does not begin at zero', tensorText('a', { offsets: '[4,20]' }), 20, 'a'],
    ['an end behind the file', tensorText('a'), 12, 'a'],
    ['an end before the begin', tensorText('a', { offsets: '[16,0]' }), 16, 'a'],
    ['a negative offset', tensorText('a', { offsets: '[-1,15]' }), 16, 'a'],
    ['a fractional offset', tensorText('a', { offsets: '[1.5,16]' }), 16, 'a'],
    ['an exponent', tensorText('a', { offsets: '[0,16e0]' }), 16, 'a'],
    ['negative zero', tensorText('a', { offsets: '[-0,16]' }), 16, 'a'],
    ['an offset in quotes', tensorText('a', { offsets: '["0",16]' }), 16, 'a'],
    ['an offset above 2^53', tensorText('a', { offsets: '[0,9007199254740993]' }), 16, 'a'],
    ['three offsets', tensorText('a', { offsets: '[0,8,16]' }), 16, 'a'],
    ['trailing bytes', tensorText('a'), 38, 'a'],
    ['a size that does not fit the shape', tensorText('a', { shape: '[5]' }), 16, 'a'],
    ['an empty tensor in the middle of another', `${tensorText('a')},${tensorText('z', { shape: '[0]', offsets: '[8,8]' })}`, 16, 'z'],
    ['a shape whose size wraps to four elements in 64 bits', tensorText('a', { shape: '[4194305,4194305,211106198978564]' }), 16, 'a'],
    ['a shape that overflows before a zero', tensorText('a', { shape: '[1099511627776,1099511627776,0]', offsets: '[0,0]' }), 0, 'a'],
    ['a shape that is no list', tensorText('a', { shape: '4' }), 16, 'a'],
    ['a negative dimension', tensorText('a', { shape: '[-4]' }), 16, 'a'],
    ['an unknown element type', tensorText('a', { dtype: '"F99"' }), 16, 'a'],
    ['an element type that is no text', tensorText('a', { dtype: '1' }), 16, 'a'],
    ['a name that occurs twice', `${tensorText('a')},${tensorText('a')}`, 16, 'a'],
    ['a name that occurs twice, once escaped', `${tensorText('a')},${tensorText('\\u0061')}`, 16, 'a'],
    ['a field that occurs twice', '"a":{"dtype":"F32","dtype":"F32","shape":[4],"data_offsets":[0,16]}', 16, 'dtype'],
    ['a null instead of a tensor', '"a":null', 0, 'a'],
  ])('%s', async (_what, entries, dataBytes, tensor) => {
    expect(await errorOf(index(file(`{${entries}}`, dataBytes)))).toMatchObject({ code: 'MODEL_TENSOR', detail: { tensor } })
  })
})

describe('an unusual header that is valid', () => {
  test('may name tensors like parts of every object, without touching any object', async () => {
    const text = `{${tensorText('__proto__')},${tensorText('constructor', { offsets: '[16,32]' })}}`
    const { tensors } = await index(file(text, 32))
    expect(tensors.get('__proto__')).toEqual({ dtype: 'float32', shape: [4], offset: 8 + text.length, byteLength: 16 })
    expect([...tensors.keys()]).toEqual(['__proto__', 'constructor'])
    expect(({} as { dtype?: unknown }).dtype).toBeUndefined()
  })

  test('may have a name of a megabyte, in an error too', async () => {
    const name = 'n'.repeat(2 ** 20)
    expect((await index(file(`{${tensorText(name)}}`, 16))).tensors.has(name)).toBe(true)
    const { message } = await errorOf(index(file(`{${tensorText(name)}}`, 12)))
    expect(message.length).toBeLessThan(500)
  })

  test('may have empty tensors where another begins or ends, and spaces behind', async () => {
    const entries = [tensorText('a'), tensorText('y', { shape: '[0]', offsets: '[0,0]' }), tensorText('z', { shape: '[3,0]', offsets: '[16,16]' })]
    const { tensors, metadata } = await index(file(`{"__metadata__":{"format":"pt"},${entries.join()}}  \n`, 16))
    expect([...tensors.keys()]).toEqual(['y', 'a', 'z'])
    expect(metadata).toEqual({ format: 'pt' })
  })

  test('may have 100 000 tensors', async () => {
    const entries = Array.from({ length: 100_000 }, (_, at) =>
      tensorText(`blocks.${at}.weight`, { shape: '[1]', offsets: `[${at * 4},${at * 4 + 4}]` }),
    )
    const startMs = performance.now()
    const { tensors } = await index(file(`{${entries.join()}}`, 400_000))
    expect(tensors.size).toBe(100_000)
    expect(performance.now() - startMs).toBeLessThan(5000)
  })
})

interface CorpusFile {
  readonly bytes: string
  readonly zeros: number
  readonly valid: boolean
}

test('a corpus of mutated files is judged as the reference implementation judges it, or more strictly for a known reason', async () => {
  const { files } = JSON.parse(readFileSync(join(fixtures, 'weights/safetensors-corpus.json'), 'utf8')) as { readonly files: readonly CorpusFile[] }
  const laxer: string[] = []
  const stricter = new Map<string, number>()
  for (const { bytes, zeros, valid } of files) {
    const reason = await index(Buffer.concat([Buffer.from(bytes, 'base64'), Buffer.alloc(zeros)])).then(
      () => undefined,
      (error: unknown) => (isEngineError(error) ? error.message : expect.fail(`not an EngineError: ${String(error)}`)),
    )
    if (!valid && reason === undefined) laxer.push(bytes)
    const known = reason === undefined || !valid ? undefined : (/does not begin with \{|2\^53 - 1 was expected/.exec(reason)?.[0] ?? reason)
    if (known !== undefined) stricter.set(known, (stricter.get(known) ?? 0) + 1)
  }
  expect(files.length).toBeGreaterThanOrEqual(1000)
  expect(files.filter(({ valid }) => valid).length).toBeGreaterThan(200)
  expect(laxer).toEqual([])
  expect([...stricter.keys()].sort()).toEqual(['2^53 - 1 was expected', 'does not begin with {'])
})

test('what is not a regular file is never opened', async () => {
  const folder = temporaryFolder()
  expect(await errorOf(readSafetensorsIndex(folder))).toMatchObject({ code: 'NOT_A_FILE' })
  expect(await errorOf(readSafetensorsIndex('/dev/zero'))).toMatchObject({ code: 'NOT_A_FILE' })
  expect(await errorOf(readSafetensorsIndex(put(folder, 'short.safetensors', Buffer.alloc(3))))).toMatchObject({ code: 'MODEL_HEADER' })
})
