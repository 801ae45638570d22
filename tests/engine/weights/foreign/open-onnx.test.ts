/** @file The gate before the runtime: what a foreign ONNX file must not refer to, each kind by itself. Rows B9 of the reliability page. */
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { encodeModel, type OnnxModel } from '../../../../src/engine/onnx'
import { ProtobufWriter } from '../../../../src/engine/onnx/protobuf'
import { openOnnx } from '../../../../src/engine/weights/foreign/open-onnx'
import { temporaryFolder } from '../../../helpers/folders'
import { floats, node, onnxModel, tokenModel, value } from '../../../helpers/foreign-models'
import { thrownBy } from '../../../helpers/thrown'

const canary = 'canary: nobody reads this'

/** A model with one tensor whose data lie elsewhere, with these entries. */
function modelWith(entries: Readonly<Record<string, string>>, place: 'initializer' | 'attribute' | 'subgraph' | 'function' | 'sparse' = 'initializer', data?: Uint8Array): Uint8Array {
  const tensor = (writer: ProtobufWriter): void => {
    writer.integer(1, 4)
    writer.integer(2, 1)
    writer.string(8, 'weight')
    if (data !== undefined) writer.blob(9, data)
    for (const [key, text] of Object.entries(entries))
      writer.message(13, (entry) => {
        entry.string(1, key)
        entry.string(2, text)
      })
    writer.integer(14, 1)
  }
  const inNode = (write: (attribute: ProtobufWriter) => void) => (target: ProtobufWriter): void => {
    target.string(4, 'Constant')
    target.message(5, write)
  }
  const inGraph: Readonly<Record<typeof place, (graph: ProtobufWriter) => void>> = {
    initializer: (graph) => { graph.message(5, tensor) },
    attribute: (graph) => { graph.message(1, inNode((attribute) => { attribute.message(5, tensor) })) },
    subgraph: (graph) => { graph.message(1, inNode((attribute) => { attribute.message(6, (inner) => { inner.message(5, tensor) }) })) },
    sparse: (graph) => { graph.message(15, (sparse) => { sparse.message(1, tensor) }) },
    function: () => undefined,
  }
  const writer = new ProtobufWriter()
  writer.integer(1, 8)
  writer.message(7, inGraph[place])
  if (place === 'function') writer.message(25, (target) => { target.message(7, inNode((attribute) => { attribute.message(5, tensor) })) })
  return writer.finish()
}

/** A folder with the model, a secret beside and below and above it, and a legal file of data. */
async function folderWith(model: Uint8Array): Promise<{ readonly path: string; readonly folder: string }> {
  const home = await temporaryFolder({ secret: canary, 'model/.ssh/id_rsa': canary, 'model/sub/inside.data': canary, 'model/model.onnx.data': new Uint8Array(64), 'model/model.onnx_data_1': new Uint8Array(64) })
  const folder = join(home, 'model')
  const path = join(folder, 'model.onnx')
  writeFileSync(path, model)
  return { path, folder }
}

async function codeOf(path: string): Promise<unknown> {
  const error = await thrownBy(() => openOnnx(path))
  const { code, message } = error as { readonly code?: string; readonly message: string }
  expect(message).not.toContain('canary')
  return code
}

describe('a foreign ONNX file', () => {
  it('with data in a legal file beside it opens, and gives what it refers to', async () => {
    for (const location of ['model.onnx.data', 'model.onnx_data_1']) {
      const { path } = await folderWith(modelWith({ location, offset: '16', length: '16' }))
      const opened = await openOnnx(path)
      expect([[...opened.siblings.keys()], [...opened.siblings.values()].map(({ size }) => size), opened.outline.parameters]).toEqual([[location], [64], 4])
      await opened.close()
    }
  })

  it.each([
    ['in the folder above', '../secret'],
    ['above by a way round', 'sub/../../secret'],
    ['by an absolute path', '/etc/passwd.data'],
    ['by a path of Windows', 'C:\\secret.data'],
    ['in a hidden folder below', '.ssh/id_rsa'],
    ['in a folder below', 'sub/inside.data'],
    ['in memory of the process', '*/_ORT_MEM_ADDR_/*'],
    ['in memory of the process, as a name', '_ORT_MEM_ADDR_'],
    ['in a file of any name', 'secret'],
    ['in the model itself', 'model.onnx'],
    ['in a hidden file', '.hidden.data'],
    ['in a stream of a file', 'model.onnx:stream.data'],
    ['behind a zero byte', 'model.onnx.data\0.data'],
    ['nowhere', ''],
  ])('with data %s is refused', async (_where, location) => {
    const { path } = await folderWith(modelWith({ location, offset: '0', length: '16' }))
    expect(await codeOf(path)).toBe('MODEL_EXTERNAL_DATA')
  })

  it.each([
    ['a negative offset', { offset: '-1', length: '16' }],
    ['an offset behind the end', { offset: '65', length: '0' }],
    ['a huge length', { offset: '0', length: '1000000000000000' }],
    ['a length that wraps', { offset: '18446744073709551615', length: '16' }],
    ['a length that is no number', { offset: '0', length: '0x10' }],
    ['an end behind the end', { offset: '60', length: '16' }],
    ['a key that is unknown', { offset: '0', length: '16', __class__: 'os' }],
    ['no location', { location: undefined, offset: '0', length: '16' }],
  ])('with %s is refused', async (_what, entries) => {
    const all = { location: 'model.onnx.data', ...entries } as Readonly<Record<string, string | undefined>>
    const { path } = await folderWith(modelWith(Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined))))
    expect(await codeOf(path)).toBe('MODEL_EXTERNAL_DATA')
  })

  it.each(['initializer', 'attribute', 'subgraph', 'function', 'sparse'] as const)('is looked through for data elsewhere: %s', async (place) => {
    const { path } = await folderWith(modelWith({ location: '../secret' }, place))
    expect(await codeOf(path)).toBe('MODEL_EXTERNAL_DATA')
    // Bytes at hand besides do not hide it.
    const { path: both } = await folderWith(modelWith({ location: '../secret' }, place, new Uint8Array(16)))
    expect(await codeOf(both)).toBe('MODEL_EXTERNAL_DATA')
  })

  it('with a link, another name of a file elsewhere, or a folder where its data should be is refused', async () => {
    const model = modelWith({ location: 'linked.data', offset: '0', length: '8' })
    const make: ((target: string, secret: string) => void)[] = [(target, secret) => { symlinkSync(secret, target) }, (target, secret) => { linkSync(secret, target) }, (target) => { mkdirSync(target) }]
    for (const put of make) {
      const { path, folder } = await folderWith(model)
      put(join(folder, 'linked.data'), join(folder, '..', 'secret'))
      expect(await codeOf(path)).toBe('MODEL_EXTERNAL_DATA')
    }
    const { path } = await folderWith(model)
    expect(await thrownBy(() => openOnnx(path))).toMatchObject({ code: 'SOURCE_UNAVAILABLE', message: expect.stringContaining('needs linked.data beside it') })
  })

  it('opens from another name of its own, with what lies beside that name', async () => {
    const { path, folder } = await folderWith(modelWith({ location: 'model.onnx.data', offset: '0', length: '16' }))
    symlinkSync(path, join(folder, 'named.onnx'))
    await (await openOnnx(join(folder, 'named.onnx'))).close()
  })

  it('with operators of other programs is refused, whether of a driver, of ONNX Runtime’s own or of nobody known', async () => {
    const withNode = (opType: string, domain: string): OnnxModel => onnxModel([node(opType, ['x'], 'y', { ep_cache_context: { kind: 'string', value: '/secret' } }, domain)], [], [value('x', [1, 3, 8, 8])], [value('y', [1, 2])])
    for (const [opType, domain] of [['EPContext', 'com.microsoft'], ['EPContext', ''], ['Tokenizer', 'com.microsoft'], ['PythonOp', 'com.microsoft'], ['Read', 'custom.ops']] as const) {
      const { path } = await folderWith(encodeModel(withNode(opType, domain)))
      expect(await codeOf(path)).toBe('MODEL_EXTERNAL_DATA')
    }
    const { path } = await folderWith(encodeModel(withNode('QuickGelu', 'com.microsoft')))
    await (await openOnnx(path)).close()
  })

  it('opens with functions that it brings along', async () => {
    const writer = new ProtobufWriter()
    writer.message(7, (graph) => {
      graph.message(1, (target) => {
        target.string(4, 'mine')
        target.string(7, 'pkg.torch')
      })
    })
    const without = await folderWith(writer.finish())
    expect(await codeOf(without.path)).toBe('MODEL_EXTERNAL_DATA')
    writer.message(25, (target) => {
      target.string(1, 'mine')
      target.string(10, 'pkg.torch')
    })
    const { path } = await folderWith(writer.finish())
    await (await openOnnx(path)).close()
  })

  it('that is cut off anywhere, of another format, or nested without end is refused with an error of ours', async () => {
    const bytes = encodeModel(tokenModel({ patch: 2, dim: 2, leading: 1 }).model)
    const { path } = await folderWith(bytes)
    for (let length = 0; length < bytes.length; length += 7) {
      writeFileSync(path, bytes.subarray(0, length))
      const code = await codeOf(path)
      // Cut between two fields of the model it is whole, but lacks what follows.
      if (code !== undefined) expect(code).toBe('MODEL_HEADER')
    }
    writeFileSync(path, Buffer.concat([Buffer.from([8, 8, 0x12, 6]), Buffer.from('ORTM'), Buffer.alloc(8)]))
    expect(await codeOf(path)).toBe('MODEL_UNSUPPORTED')
    let deep = new ProtobufWriter().finish()
    for (let depth = 0; depth < 2000; depth++) {
      const writer = new ProtobufWriter()
      const inner = deep
      writer.message(1, (target) => { target.message(5, (attribute) => { attribute.blob(6, inner) }) })
      deep = writer.finish()
    }
    const nested = new ProtobufWriter()
    nested.blob(7, deep)
    writeFileSync(path, nested.finish())
    expect(await codeOf(path)).toBe('MODEL_HEADER')
  })

  it('is counted: weights of floating point, and inputs without the initializers among them', async () => {
    const model = onnxModel([node('Identity', ['x'], 'y')], [floats('w', [2, 3], new Float32Array(6))], [value('x', ['b', 3, 8, 8]), value('w', [2, 3])], [value('y', ['b', 3, 8, 8])])
    const { path } = await folderWith(encodeModel(model))
    const { outline, close } = await openOnnx(path)
    expect([outline.parameters, outline.inputs.map(({ name }) => name), outline.producer]).toEqual([6, ['x'], 'somebody else'])
    await close()
  })
})
