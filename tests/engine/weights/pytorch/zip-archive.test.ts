import { readdirSync } from 'node:fs'
import { deflateRawSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { bytesAsSource } from '../../../../src/engine/weights/bytes/byte-source'
import { readCheckpoint } from '../../../../src/engine/weights/open-checkpoint'
import { openZipArchive } from '../../../../src/engine/weights/pytorch/zip-archive'
import { errorOf, temporaryFolder } from '../support/files'
import { op, pickle } from '../support/pickle-writer'
import { torchArchive } from '../support/torch-writer'
import { writeZip, type ZipFile } from '../support/zip-writer'

const a: ZipFile = { name: 'root/a', data: Buffer.from('first entry') }
const b: ZipFile = { name: 'root/b', data: Buffer.from('second entry, a little longer') }

const archive = (bytes: Buffer): ReturnType<typeof openZipArchive> => openZipArchive(bytesAsSource('evil.pth', bytes))
const readAll = async (bytes: Buffer): Promise<string[]> => {
  const opened = await archive(bytes)
  return Promise.all(opened.names.map(async (name) => (await opened.read(name)).toString()))
}

describe('an honest archive is read', () => {
  test.each([
    ['stored', [a, b], {}],
    ['with zip64 end records', [a, b], { zip64: true }],
    ['with padded headers', [{ ...a, padding: 40 }, b], {}],
    [
      'deflated',
      [
        { ...a, deflate: true },
        { ...b, deflate: true },
      ],
      {},
    ],
  ])('%s', async (_what, files, options) => {
    expect(await readAll(writeZip(files, options))).toEqual(['first entry', 'second entry, a little longer'])
  })

  test('without entries', async () => {
    expect((await archive(writeZip([]))).names).toEqual([])
  })
})

describe('an archive that is not what it seems is refused', () => {
  const lie = (central: ZipFile['central']): Buffer => writeZip([{ ...a, central }, b])
  const localLie = (local: ZipFile['local']): Buffer => writeZip([{ ...a, local }, b])
  const secondAt = 30 + a.name.length + a.data.length
  test.each([
    ['an entry that climbs out', writeZip([{ ...a, name: '../../evil' }])],
    ['an entry that climbs in the middle', writeZip([{ ...a, name: 'root/../../evil' }])],
    ['an absolute entry', writeZip([{ ...a, name: '/etc/passwd' }])],
    ['an entry on a drive', writeZip([{ ...a, name: 'C:/evil' }])],
    ['backslashes', writeZip([{ ...a, name: '..\\..\\evil' }])],
    ['a name with a zero byte', writeZip([{ ...a, name: 'root/a\0.txt' }])],
    ['an empty name', writeZip([{ ...a, name: '' }])],
    ['two entries of one name', writeZip([a, { ...b, name: a.name }])],
    ['another name in the local header', localLie({ name: 'root/c' })],
    ['another size in the local header', localLie({ size: 5 })],
    ['another compressed size in the local header', localLie({ compressedSize: 5 })],
    ['another checksum in the local header', localLie({ crc: 1 })],
    ['another method in the local header', localLie({ method: 8 })],
    ['other flags in the local header', localLie({ flags: 0x800 })],
    ['another size in the directory', lie({ size: 5 })],
    ['both sizes shorter in the directory', lie({ size: 5, compressedSize: 5 })],
    ['both sizes past the file', lie({ size: 2 ** 31, compressedSize: 2 ** 31 })],
    ['an encrypted entry (flag 0x1)', writeZip([{ ...a, local: { flags: 1 }, central: { flags: 1 } }])],
    ['a patched entry (flag 0x20)', writeZip([{ ...a, local: { flags: 0x20 }, central: { flags: 0x20 } }])],
    ['strong encryption (flag 0x40)', writeZip([{ ...a, local: { flags: 0x40 }, central: { flags: 0x40 } }])],
    ['flags in the directory alone', lie({ flags: 1 })],
    ['an unknown method', writeZip([{ ...a, local: { method: 12 }, central: { method: 12 } }])],
    ['overlapping entries', writeZip([a, { ...b, central: { offset: secondAt - 5 } }])],
    ['two entries in one place', writeZip([a, { ...b, central: { offset: 0 } }])],
    [
      'an entry inside the data of another',
      writeZip([
        { ...a, data: writeZip([b]) },
        { ...b, central: { offset: 36 } },
      ]),
    ],
    ['bytes between entries', writeZip([{ ...a, gap: 4 }, b])],
    ['bytes before the directory', writeZip([a, { ...b, gap: 4 }])],
    ['a data descriptor that lies', writeZip([{ ...a, gap: 16, local: { flags: 8 }, central: { flags: 8 } }, b])],
    ['bytes before the archive', writeZip([a, b], { prefix: Buffer.from('#!/bin/sh\n') })],
    ['bytes behind the archive', writeZip([a, b], { suffix: Buffer.alloc(3) })],
    ['a comment', writeZip([a, b], { comment: 'hello' })],
    ['half an archive', writeZip([a, b]).subarray(0, 40)],
    ['an archive that is cut off', writeZip([a, b]).subarray(0, -4)],
    ['a directory that is cut out', Buffer.concat([writeZip([a, b]).subarray(0, 60), writeZip([a, b]).subarray(-22)])],
  ])('%s', async (_what, bytes) => {
    expect(await errorOf(readAll(bytes))).toMatchObject({ code: 'MODEL_ARCHIVE', detail: { path: 'evil.pth' } })
  })

  test('a wrong checksum', async () => {
    const bytes = writeZip([a, b])
    bytes.write('F', bytes.indexOf('first'))
    expect(await errorOf(readAll(bytes))).toMatchObject({ code: 'MODEL_ARCHIVE', detail: { entry: 'root/a' } })
  })

  test('two end records that contradict each other', async () => {
    const bytes = writeZip([a, b], { zip64: true })
    bytes.writeUInt16LE(1, bytes.length - 22 + 8)
    bytes.writeUInt16LE(1, bytes.length - 22 + 10)
    expect(await errorOf(archive(bytes))).toMatchObject({ code: 'MODEL_ARCHIVE' })
  })
})

describe('a deflated entry', () => {
  const zeros = Buffer.alloc(64 * 2 ** 20)

  test.each([
    ['that declares ten gigabytes for ten kilobytes', { data: Buffer.alloc(10_000, 7), size: 10 * 2 ** 30 }],
    ['that declares a little less than it holds', { data: zeros, size: zeros.length / 2 }],
    ['that declares nothing', { data: zeros, size: 0 }],
    ['that declares more than it holds', { data: Buffer.from('abc'), size: 4 }],
  ])('%s is refused without inflating it', async (_what, { data, size }) => {
    const wide = size > 0xffffffff ? 0xfffffffe : size
    const before = process.memoryUsage().rss
    const bytes = writeZip([{ name: 'root/bomb', data, deflate: true, local: { size: wide }, central: { size: wide } }])
    const { code } = await errorOf(readAll(bytes))
    expect(code).toBe('MODEL_ARCHIVE')
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 2 ** 20)
  })

  test('that is garbage is refused', async () => {
    const data = Buffer.alloc(50, 0xff)
    expect(
      await errorOf(readAll(writeZip([{ name: 'root/a', data, local: { method: 8, size: 60 }, central: { method: 8, size: 60 } }]))),
    ).toMatchObject({ code: 'MODEL_ARCHIVE' })
  })

  test('that is followed by other bytes is refused', async () => {
    const data = Buffer.from('some text')
    const stream = deflateRawSync(data)
    const longer = Buffer.concat([stream, Buffer.from('hidden')])
    const fields = { method: 8, size: data.length }
    expect(await errorOf(readAll(writeZip([{ name: 'root/a', data: longer, local: fields, central: fields }])))).toMatchObject({
      code: 'MODEL_ARCHIVE',
    })
  })
})

describe('an archive that is something else than weights', () => {
  const open = (bytes: Buffer): ReturnType<typeof readCheckpoint> => readCheckpoint(bytesAsSource('model.pth', bytes))
  const main = pickle(op.emptyDict)
  test.each([
    [
      'a TorchScript program',
      'MODEL_UNSUPPORTED',
      torchArchive(main, new Map(), { extra: [{ name: 'archive/code/__torch__.py', data: Buffer.from('def forward(self): pass') }] }),
    ],
    ['constants of TorchScript', 'MODEL_UNSUPPORTED', torchArchive(main, new Map(), { extra: [{ name: 'archive/constants.pkl', data: main }] })],
    ['a document', 'MODEL_UNSUPPORTED', writeZip([{ name: 'word/document.xml', data: Buffer.from('<w/>') }])],
    ['an archive without entries', 'MODEL_UNSUPPORTED', writeZip([])],
    ['two folders', 'MODEL_ARCHIVE', torchArchive(main, new Map(), { extra: [{ name: 'other/data/0', data: Buffer.alloc(4) }] })],
    ['big-endian numbers', 'MODEL_UNSUPPORTED', torchArchive(main, new Map(), { byteOrder: 'big' })],
    ['a list at the top', 'MODEL_UNSUPPORTED', torchArchive(pickle(op.emptyList))],
    ['a 7z archive', 'MODEL_UNSUPPORTED', Buffer.concat([Buffer.from('377abcaf271c0004', 'hex'), Buffer.alloc(100)])],
    ['a legacy tar', 'MODEL_UNSUPPORTED', Buffer.concat([Buffer.alloc(257), Buffer.from('ustar\0'), Buffer.alloc(500)])],
    ['a gzip stream', 'MODEL_UNSUPPORTED', Buffer.concat([Buffer.from('1f8b0800', 'hex'), Buffer.alloc(100)])],
    ['an empty file', 'MODEL_HEADER', Buffer.alloc(0)],
  ])('is refused: %s', async (_what, code, bytes) => {
    expect(await errorOf(open(bytes))).toMatchObject({ code, detail: { path: 'model.pth' } })
  })
})

test('reading archives writes no file', async () => {
  const folder = temporaryFolder()
  const previous = process.cwd()
  process.chdir(folder)
  try {
    await errorOf(readAll(writeZip([{ ...a, name: '../../evil' }])))
    await readAll(writeZip([a, b]))
  } finally {
    process.chdir(previous)
  }
  expect(readdirSync(folder)).toEqual([])
})
