/** @file Exports are found by their id and name alone, come in parts, and leave nothing behind. */
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createExports } from '../../../src/engine/host/exports'
import { bytesAsSource } from '../../../src/engine/weights/bytes/byte-source'
import { openZipArchive } from '../../../src/engine/weights/pytorch/zip-archive'
import { temporaryFolder } from '../../helpers/folders'

const megabyte = 2 ** 20

describe('exports', () => {
  it('give a file in parts of four megabytes', async () => {
    const exports = await createExports(join(await temporaryFolder(), 'exports'))
    const content = Buffer.alloc(9 * megabyte, 'abc')
    const { exportId, files } = await exports.create(async (folder) => {
      await writeFile(join(folder, 'b.csv'), content)
      await writeFile(join(folder, 'a.json'), '{}')
    })
    const parts: Buffer[] = []
    for (let offset = 0; offset < content.length; ) {
      const { bytes, totalBytes } = await exports.read(exportId, 'b.csv', offset)
      expect(totalBytes).toBe(content.length)
      parts.push(Buffer.from(bytes))
      offset += bytes.length
    }
    expect({ files, sizes: parts.map(({ length }) => length / megabyte), same: Buffer.concat(parts).equals(content), end: (await exports.read(exportId, 'b.csv', content.length)).bytes.length }).toEqual({
      files: [
        { name: 'a.json', sizeBytes: 2 },
        { name: 'b.csv', sizeBytes: content.length },
      ],
      sizes: [4, 4, 1],
      same: true,
      end: 0,
    })
  })

  it.each([
    ['another name', 'other.csv'],
    ['a way out', '../../secret.txt'],
    ['a way around', './a.csv'],
    ['an absolute path', '/etc/passwd'],
  ])('do not give %s', async (_title, name) => {
    const folder = await temporaryFolder({ 'secret.txt': 'secret' })
    const exports = await createExports(join(folder, 'exports'))
    const { exportId } = await exports.create((target) => writeFile(join(target, 'a.csv'), ''))
    await expect(exports.read(exportId, name, 0)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(exports.read('unknown', 'a.csv', 0)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('make one archive of many files or of sub-folders, the same bytes each time, and leave few files as they are', async () => {
    const exports = await createExports(join(await temporaryFolder(), 'exports'))
    const archive = { name: 'masks.zip', signal: new AbortController().signal }
    const many = async (folder: string): Promise<string> => {
      await mkdir(join(folder, 'a'))
      await writeFile(join(folder, 'a', 'leaf é.png'), Buffer.alloc(3000, 'png'))
      await writeFile(join(folder, 'classes.json'), '{"weed":1}')
      return 'written'
    }
    const [first, second] = [await exports.create(many, archive), await exports.create(many, archive)]
    const few = await exports.create((folder) => writeFile(join(folder, 'one.csv'), 'x'), archive)
    const bytes = Buffer.from((await exports.read(first.exportId, 'masks.zip', 0)).bytes)
    expect({ files: first.files.map(({ name }) => name), result: first.result, same: bytes.equals((await exports.read(second.exportId, 'masks.zip', 0)).bytes), few: few.files.map(({ name }) => name) }).toEqual({
      files: ['masks.zip'],
      result: 'written',
      same: true,
      few: ['one.csv'],
    })
    // Read by what reads checkpoints, which has nothing in common with the writer.
    const zip = await openZipArchive(bytesAsSource('masks.zip', bytes))
    expect([zip.names, (await zip.read('a/leaf é.png')).equals(Buffer.alloc(3000, 'png')), (await zip.read('classes.json')).toString()]).toEqual([['a/leaf é.png', 'classes.json'], true, '{"weed":1}'])
  })

  it('leave no folder when writing fails', async () => {
    const parent = join(await temporaryFolder(), 'exports')
    const exports = await createExports(parent)
    const failing = exports.create(async (target) => {
      await writeFile(join(target, 'a.csv'), 'half')
      throw new RangeError('no more')
    })
    await expect(failing).rejects.toThrow('no more')
    const [own] = await readdir(parent)
    expect(await readdir(join(parent, own ?? ''))).toEqual([])
  })

  it('are gone in the end, and so are those of a process that died', async () => {
    const parent = join(await temporaryFolder(), 'exports')
    const dead = 2 ** 22 - 1
    for (const name of [`${dead}-abcd`, `${process.pid}-running`, 'nonsense']) await mkdir(join(parent, name), { recursive: true })
    const exports = await createExports(parent)
    await exports.create((target) => writeFile(join(target, 'a.csv'), ''))
    const during = await readdir(parent)
    await exports.dispose()
    expect({ during: during.filter((name) => !name.startsWith(`${process.pid}-`)), after: await readdir(parent) }).toEqual({ during: [], after: [`${process.pid}-running`] })
  })
})
