import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { bytesAsSource } from '../../../../src/engine/weights/bytes/byte-source'
import { readCheckpoint } from '../../../../src/engine/weights/open-checkpoint'
import { unpickle } from '../../../../src/engine/weights/pytorch/unpickle'
import { errorOf } from '../support/files'
import { callOf, op, pickle, pushValue } from '../support/pickle-writer'
import { pushStorage, pushView, torchArchive } from '../support/torch-writer'

/** Opens an archive around a pickle. */
const open = (main: Buffer): ReturnType<typeof readCheckpoint> =>
  readCheckpoint(bytesAsSource('evil.pth', torchArchive(main, new Map([['0', Buffer.alloc(16)]]))))
const hex = (text: string): Buffer => Buffer.from(text, 'hex')
const memory = (): number => process.memoryUsage().rss / 2 ** 20

describe('a pickle that asks for anything but data', () => {
  test.each([
    ['posix.system', Buffer.from("cposix\nsystem\n(S'touch PWNED'\ntR.")],
    ['nt.system', pickle(callOf('nt', 'system', 'touch PWNED'))],
    ['os.system', pickle(callOf('os', 'system', 'touch PWNED'))],
    ['builtins.eval', pickle(callOf('builtins', 'eval', 'open("PWNED","w")'))],
    ['builtins.exec', pickle(callOf('builtins', 'exec', 'open("PWNED","w")'))],
    ['builtins.getattr', pickle(callOf('builtins', 'getattr', 'a', 'b'))],
    ['subprocess.Popen', pickle(callOf('subprocess', 'Popen', ['touch', 'PWNED']))],
    ['torch.load', pickle(callOf('torch', 'load', 'other.pth'))],
    ['torch.hub.load', pickle(callOf('torch.hub', 'load', 'evil/repo', 'model'))],
    ['torch.storage._load_from_bytes', pickle(callOf('torch.storage', '_load_from_bytes', 'x'))],
    ['collections.OrderedDict.__reduce__', pickle(op.global('collections', 'OrderedDict.__reduce__'))],
    ['torch._utils._rebuild_tensor_v2.__globals__', pickle(op.global('torch._utils', '_rebuild_tensor_v2.__globals__'))],
    ['__main__.Model', pickle(op.global('__main__', 'Model'), op.emptyTuple, op.newObject)],
    ['__proto__.constructor', pickle(op.global('__proto__', 'constructor'))],
    ['toString.', pickle(op.global('toString', ''))],
  ])('is refused, naming %s', async (name, main) => {
    expect(await errorOf(open(main))).toMatchObject({ code: 'PICKLE_GLOBAL', detail: { path: 'evil.pth', global: name } })
    expect(existsSync('PWNED')).toBe(false)
  })

  test.each([
    ['another codec', callOf('_codecs', 'encode', 'pbf\nflfgrz', 'rot13')],
    ['a chain of codecs', callOf('_codecs', 'encode', callOf('_codecs', 'encode', 'abc', 'latin1'), 'latin1')],
    ['more bytes than a number has', callOf('_codecs', 'encode', 'x'.repeat(17), 'latin1')],
    ['bytes that end up as data', callOf('_codecs', 'encode', 'abc', 'latin1')],
    ['bytes in a dict', Buffer.concat([op.emptyDict, pushValue('key'), callOf('_codecs', 'encode', 'abc', 'latin1'), op.setItem])],
  ])('may use _codecs.encode for the bytes of a number alone: not for %s', async (_what, code) => {
    expect(await errorOf(open(pickle(code)))).toMatchObject({ code: 'PICKLE_GLOBAL', detail: { global: '_codecs.encode' } })
  })

  test.each([
    ['an OrderedDict of arguments', callOf('collections', 'OrderedDict', ['a'])],
    ['a Namespace with arguments', callOf('argparse', 'Namespace', 'a')],
    ['a numpy array of objects', callOf('numpy', 'dtype', 'O8', false, true)],
    ['a numpy number without a type', callOf('numpy.core.multiarray', 'scalar', 'f8', callOf('_codecs', 'encode', 'abc', 'latin1'))],
    ['a storage type as a function', callOf('torch', 'FloatStorage', 4)],
    ['a parameter around a name', callOf('torch._utils', '_rebuild_parameter', 'x', false, null)],
  ])('may call what is allowed only as checkpoints do: not %s', async (_what, code) => {
    expect(await errorOf(open(pickle(code)))).toMatchObject({ code: 'PICKLE_GLOBAL' })
  })
})

describe('an opcode that torch.save does not write', () => {
  test.each([
    ['INST', pickle(op.mark, pushValue('touch PWNED'), Buffer.from('iposix\nsystem\n'))],
    ['STACK_GLOBAL', Buffer.concat([op.protocol(2), pushValue('posix'), pushValue('system'), hex('932e')])],
    ['OBJ', pickle(op.mark, op.emptyDict, Buffer.from('o'))],
    ['NEWOBJ_EX', pickle(op.emptyTuple, op.emptyDict, hex('92'))],
    ['EXT1', pickle(hex('8201'))],
    ['EXT2', pickle(hex('830100'))],
    ['DUP', pickle(op.emptyList, Buffer.from('2'))],
    ['POP', pickle(op.none, op.none, Buffer.from('0'))],
    ['PERSID', pickle(Buffer.from('Pstorage\n'))],
    ['MEMOIZE', pickle(op.none, hex('94'))],
    ['FRAME', pickle(hex('95ffffffffffffff7f'))],
    ['BINUNICODE8', pickle(hex('8dffffffffffffff7f'))],
    ['BINBYTES8', pickle(hex('8effffffffffffff7f'))],
    ['BYTEARRAY8', pickle(hex('96ffffffffffffff7f'))],
    ['LONG4', pickle(hex('8bffffff7f'))],
    ['0xff', pickle(hex('ff'))],
  ])('is refused: %s', async (opcode, main) => {
    expect(await errorOf(open(main))).toMatchObject({ code: 'PICKLE_OPCODE', detail: { opcode } })
    expect(existsSync('PWNED')).toBe(false)
  })
})

describe('an allowed opcode on what it must not work on', () => {
  const tensor = pushView(pushStorage('FloatStorage', '0', 4), 0, [4], [1])
  test.each([
    ['SETITEM on a tensor', pickle(tensor, pushValue('a'), pushValue(1), op.setItem)],
    ['SETITEM on a list', pickle(op.emptyList, pushValue(0), pushValue(1), op.setItem)],
    ['an odd number of SETITEMS', pickle(op.emptyDict, op.mark, pushValue('a'), pushValue(1), pushValue('b'), op.setItems)],
    ['a dict as a key', pickle(op.emptyDict, op.emptyDict, pushValue(1), op.setItem)],
    ['APPENDS on a dict', pickle(op.emptyDict, op.mark, pushValue(1), op.appends)],
    ['APPENDS on a tensor', pickle(tensor, op.mark, pushValue(1), op.appends)],
    ['BUILD of a tensor', pickle(tensor, op.emptyDict, op.build)],
    ['BUILD of a list', pickle(op.emptyList, op.emptyDict, op.build)],
    ['BUILD with a list as state', pickle(op.emptyDict, op.emptyList, op.build)],
    ['REDUCE of a text', pickle(pushValue('posix.system'), op.emptyTuple, op.reduce)],
    ['REDUCE with a list', pickle(op.global('collections', 'OrderedDict'), op.emptyList, op.reduce)],
    ['a persistent id that is a text', pickle(pushValue('storage'), op.persistentId)],
    ['a persistent id of another kind', pickle(pushValue({ tuple: ['module', op.global('torch', 'FloatStorage'), '0', 'cpu', 4] }), op.persistentId)],
    [
      'a persistent id with a function as its type',
      pickle(pushValue({ tuple: ['storage', op.global('collections', 'OrderedDict'), '0', 'cpu', 4] }), op.persistentId),
    ],
    ['TUPLE without a mark', pickle(op.none, op.tuple)],
    ['TUPLE2 reaching below a mark', pickle(op.none, op.mark, op.none, op.tuple2)],
    ['an empty stack', pickle()],
    ['two values left', pickle(op.none, op.none)],
    ['a mark left', pickle(op.mark, op.none)],
    ['a value that was never remembered', pickle(op.get(7))],
    ['protocol 4', Buffer.concat([op.protocol(4), op.emptyDict, op.stop])],
    ['no STOP', Buffer.concat([op.protocol(2), op.emptyDict])],
    ['nothing at all', Buffer.alloc(0)],
    ['a second pickle behind STOP', Buffer.concat([pickle(op.emptyDict), pickle(callOf('posix', 'system', 'x'))])],
    ['one byte behind STOP', Buffer.concat([pickle(op.emptyDict), Buffer.alloc(1)])],
    ['a text that ends in the middle', Buffer.concat([op.protocol(2), hex('58ff000000'), Buffer.from('abc')])],
  ])('is refused: %s', async (_what, main) => {
    expect(await errorOf(open(main))).toMatchObject({ code: 'PICKLE_OPCODE', detail: { path: 'evil.pth' } })
  })
})

describe('a pickle that asks for too much', () => {
  const doubling = [
    op.emptyTuple,
    op.put(0),
    ...Array.from({ length: 30 }, (_, level) => [op.get(level), op.tuple2, op.put(level + 1), op.get(level + 1)]).flat(),
  ]
  const listDoubling = [
    op.emptyList,
    op.put(0),
    ...Array.from({ length: 30 }, (_, level) => [op.emptyList, op.put(level + 1), op.mark, op.get(level), op.get(level), op.appends]).flat(),
  ]
  test.each([
    ['tuples doubled thirty times through the memo', pickle(...doubling.slice(0, -1))],
    ['lists doubled thirty times through the memo', pickle(...listDoubling)],
    ['a text of 4 GB', Buffer.concat([op.protocol(2), hex('58ffffffff'), Buffer.alloc(1000)])],
    ['a million marks', Buffer.concat([op.protocol(2), Buffer.alloc(1_000_000, '('), op.stop])],
    ['a million values on the stack', Buffer.concat([op.protocol(2), Buffer.alloc(1_000_000, 'N'), op.stop])],
    ['a million dicts', Buffer.concat([op.protocol(2), Buffer.alloc(1_000_000, '}'), op.stop])],
    [
      'a million remembered values',
      Buffer.concat([op.protocol(2), op.none, ...Array.from({ length: 1_000_000 }, (_, index) => op.put(index)), op.stop]),
    ],
    ['ten million operations', Buffer.concat([op.protocol(2), op.none, Buffer.alloc(20_000_000, hex('7100')), op.stop])],
    ['an integer of 255 bytes', pickle(hex('8aff'), Buffer.alloc(255, 1))],
    ['a name that does not end', Buffer.concat([op.protocol(2), Buffer.from(`c${'a'.repeat(100_000)}`)])],
  ])('is refused within a second: %s', async (_what, main) => {
    const before = memory()
    const startMs = performance.now()
    const { code } = await errorOf(Promise.resolve().then(() => unpickle('evil.pth', main)))
    expect(['PICKLE_LIMIT', 'PICKLE_OPCODE']).toContain(code)
    expect(performance.now() - startMs).toBeLessThan(1000)
    expect(memory() - before).toBeLessThan(200)
  })
})

describe('what training checkpoints hold besides tensors', () => {
  test('is read and has no effect', () => {
    const number = callOf(
      'numpy.core.multiarray',
      'scalar',
      Buffer.concat([callOf('numpy', 'dtype', 'f8', false, true), pushValue({ tuple: [3, '<', null, null, null, -1, -1, 0] }), op.build]),
      callOf('_codecs', 'encode', '\u00fc'.repeat(8), 'latin1'),
    )
    const namespace = Buffer.concat([op.global('argparse', 'Namespace'), op.emptyTuple, op.newObject, pushValue(new Map([['lr', 0.1]])), op.build])
    const value = new Map<string, Buffer | number | string>([
      ['number', number],
      ['args', namespace],
      ['patterns', callOf('__builtin__', 'set', ['a', 'b'])],
      ['large', pushValue(2n ** 70n)],
      ['negative', -5],
      ['__proto__', 'harmless'],
    ])
    expect(unpickle('good.pth', pickle(pushValue(value))).value).toMatchObject({
      kind: 'dict',
      entries: new Map<string, unknown>([
        ['number', { kind: 'inert', type: 'numpy-scalar' }],
        ['args', { kind: 'inert', type: 'namespace' }],
        ['patterns', { kind: 'inert', type: 'set' }],
        ['large', 2n ** 70n],
        ['negative', -5],
        ['__proto__', 'harmless'],
      ]),
    })
  })
})
