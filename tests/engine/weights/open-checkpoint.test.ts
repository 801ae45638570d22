import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tensor } from '../../../src/engine/tensor'
import { openCheckpoint } from '../../../src/engine/weights'
import { bytesAsSource } from '../../../src/engine/weights/bytes/byte-source'
import { readCheckpoint } from '../../../src/engine/weights/open-checkpoint'
import { errorOf, fixtures, put, temporaryFolder } from './support/files'
import { callOf, pickle } from './support/pickle-writer'
import { torchZip } from './support/torch-writer'

const folder = temporaryFolder()
const zip = readFileSync(join(fixtures, 'weights/torch-zip.pth'))
const legacy = readFileSync(join(fixtures, 'weights/torch-legacy.pth'))
const safetensors = readFileSync(join(fixtures, 'weights/torch-expected.safetensors'))

test.each([
  { content: zip, format: 'pytorch' },
  { content: legacy, format: 'pytorch-legacy' },
  { content: safetensors, format: 'safetensors' },
])('the content tells that a file is $format, under any name', async ({ content, format }) => {
  for (const name of ['model.pth', 'model.safetensors', 'pytorch_model.bin', 'model', 'model.onnx']) {
    const checkpoint = await openCheckpoint(put(folder, name, content))
    await checkpoint.close()
    expect(checkpoint.format).toBe(format)
  }
})

test('the extra entries of newer releases of PyTorch are no obstacle', async () => {
  const extra = ['.format_version', '.storage_alignment', '.data/serialization_id'].map((name) => ({
    name: `model.v2/${name}`,
    data: Buffer.from('1'),
  }))
  const value = new Map([['weight', tensor('float32', [1], new Float32Array([2]))]])
  const checkpoint = await openCheckpoint(put(folder, 'newer.pth', torchZip(value, { root: 'model.v2', extra })))
  expect(await checkpoint.groups.get('')?.get('weight')?.read()).toEqual(value.get('weight'))
  await checkpoint.close()
})

test.each([
  ['random bytes called .pth', 'noise.pth', Buffer.alloc(1000, 0x9d), 'PICKLE_OPCODE'],
  ['random bytes called .safetensors', 'noise.safetensors', Buffer.alloc(1000, 0x9d), 'MODEL_HEADER'],
  ['a bare pickle that calls a function', 'bare.pth', pickle(callOf('posix', 'system', 'x')), 'PICKLE_GLOBAL'],
  ['a bare text pickle that calls a function', 'bare.pkl', Buffer.from("cposix\nsystem\n(S'x'\ntR."), 'PICKLE_GLOBAL'],
  ['a bare pickle of data', 'data.pkl', pickle(Buffer.from('N')), 'MODEL_UNSUPPORTED'],
  ['an ONNX model of another program', 'model.onnx', Buffer.from('080812077079746f7263683a00', 'hex'), 'MODEL_UNSUPPORTED'],
  ['a broken ONNX model', 'broken.onnx', Buffer.from('08081207', 'hex'), 'MODEL_HEADER'],
  ['seven bytes', 'short.pth', Buffer.alloc(7), 'PICKLE_OPCODE'],
  ['a HDF5 file', 'model.h5', Buffer.from('894844460d0a1a0a00000000', 'hex'), 'MODEL_UNSUPPORTED'],
])('%s is refused with a reason of its own', async (_what, name, content, code) => {
  expect(await errorOf(openCheckpoint(put(folder, name, content)))).toMatchObject({ code, detail: { path: join(folder, name) } })
})

test('a file that is refused is closed, and one that is read stays open until it is closed', async () => {
  let closed = 0
  const watched = (bytes: Buffer): ReturnType<typeof bytesAsSource> => ({
    ...bytesAsSource('model.pth', bytes),
    close: () => {
      closed++
      return Promise.resolve()
    },
  })
  await errorOf(readCheckpoint(watched(zip.subarray(0, 100))))
  expect(closed).toBe(1)
  const checkpoint = await readCheckpoint(watched(zip))
  expect(closed).toBe(1)
  await checkpoint.close()
  expect(closed).toBe(2)
})
