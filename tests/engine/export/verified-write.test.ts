/** @file A file gets its name only when what lies on the disk is what was written. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EngineError } from '../../../src/engine/contract'
import { writeVerified, type Append } from '../../../src/engine/export'
import { temporaryFolder } from '../../helpers/folders'

describe('writeVerified', () => {
  it('puts a head that is known at the end before everything else', async () => {
    const path = join(await temporaryFolder(), 'file')
    await writeVerified(
      path,
      async (append) => {
        await append('body')
        return Buffer.from('head')
      },
      { headBytes: 4 },
    )
    expect(await readFile(path, 'utf8')).toBe('headbody')
  })

  it.each([
    ['other bytes', 'bodx'],
    ['fewer bytes', 'bod'],
    ['more bytes', 'body and more'],
  ])('keeps the old file when the disk holds %s', async (_title, content) => {
    const folder = await temporaryFolder({ file: 'old' })
    const write = async (append: Append): Promise<undefined> => {
      await append('body')
      const temporary = (await readdir(folder)).find((name) => name !== 'file') ?? ''
      await writeFile(join(folder, temporary), content)
    }
    await expect(writeVerified(join(folder, 'file'), write)).rejects.toMatchObject({ code: 'DISK', message: expect.stringContaining('does not read back') })
    expect([await readdir(folder), await readFile(join(folder, 'file'), 'utf8')]).toEqual([['file'], 'old'])
  })

  it('keeps the old file when whoever looks into the new one refuses it', async () => {
    const folder = await temporaryFolder({ file: 'old' })
    const seen: string[] = []
    const check = async (path: string): Promise<void> => {
      seen.push(await readFile(path, 'utf8'))
      throw new EngineError('DISK', 'not a table')
    }
    await expect(writeVerified(join(folder, 'file'), (append) => append('body').then(() => undefined), { check })).rejects.toMatchObject({ code: 'DISK', message: 'not a table' })
    expect([seen, await readdir(folder), await readFile(join(folder, 'file'), 'utf8')]).toEqual([['body'], ['file'], 'old'])
  })

  it('refuses a head of another length than was announced', async () => {
    const folder = await temporaryFolder()
    await expect(writeVerified(join(folder, 'file'), () => Promise.resolve(Buffer.from('hea')), { headBytes: 4 })).rejects.toMatchObject({ code: 'INTERNAL' })
    expect(await readdir(folder)).toEqual([])
  })
})
