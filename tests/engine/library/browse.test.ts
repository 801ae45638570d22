import { symlink } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { browseFolder } from '../../../src/engine/library'
import { temporaryFolder } from '../../helpers/folders'
import { thrownBy } from '../../helpers/thrown'

describe('browseFolder', () => {
  it('lists sub-folders in natural order, counts pictures and names model files, without what is hidden', async () => {
    const folder = await temporaryFolder({ 'b10/x': '', 'b9/x': '', 'A/x': '', '.cache/x': '', 'one.jpg': '', 'two.PNG': '', '.hidden.jpg': '', 'notes.txt': '', 'dino.pth': '', 'a.safetensors': '', 'exported.onnx': '', 'exported.onnx.data': '' })
    await symlink('A', join(folder, 'linked'))
    await symlink('one.jpg', join(folder, 'linked.jpg'))
    await symlink('linked2', join(folder, 'linked2'))
    expect(await browseFolder(folder)).toEqual({
      path: folder,
      parent: dirname(folder),
      directories: ['A', 'b9', 'b10', 'linked'],
      imageCount: 2,
      modelFiles: ['a.safetensors', 'dino.pth', 'exported.onnx'],
    })
  })

  it('begins at home and ends at the root', async () => {
    expect([(await browseFolder(undefined)).path, (await browseFolder('/')).parent]).toEqual([homedir(), undefined])
  })

  it.each([
    ['a folder that is not there', '/no/such/folder', 'SOURCE_UNAVAILABLE'],
    ['a file', import.meta.filename, 'SOURCE_UNAVAILABLE'],
    ['a relative path', 'src', 'BAD_REQUEST'],
  ])('refuses %s by name', async (_name, path, code) => {
    expect(await thrownBy(() => browseFolder(path))).toMatchObject({ code, message: expect.stringContaining(path) })
  })
})
