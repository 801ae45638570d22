import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openCheckpoint, readSafetensors } from '../../../src/engine/weights'

const fixtures = join(import.meta.dirname, '../../fixtures/weights')

describe.each([
  { file: 'torch-zip.pth', format: 'pytorch' },
  { file: 'torch-legacy.pth', format: 'pytorch-legacy' },
])('$file, written by PyTorch itself', ({ file, format }) => {
  test('gives every tensor bit for bit, whatever its type and strides', async () => {
    const expected = await readSafetensors(join(fixtures, 'torch-expected.safetensors'))
    const checkpoint = await openCheckpoint(join(fixtures, file))
    const found = new Map<string, unknown>()
    for (const group of ['teacher', 'student']) {
      for (const [name, source] of checkpoint.groups.get(group) ?? []) found.set(`${group}/${name}`, await source.read())
    }
    await checkpoint.close()
    expect(checkpoint.format).toBe(format)
    expect([...found.keys()].sort()).toEqual([...expected.keys()].sort())
    for (const [name, tensor] of expected) expect(found.get(name), name).toEqual(tensor)
  })
})
