/** @file Heads from their files: recognised, their range said, kept, damaged ones refused; batch norm folded as it computes. */
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { foldBatchNorm } from '../../../../src/engine/nn'
import type { Tensor } from '../../../../src/engine/tensor'
import { headInfo, layersOf, listHeads, readHead, readHeadFile, removeHead, renameHead, writeHead, writeSafetensors } from '../../../../src/engine/weights'
import { pickledClasses } from '../../../../src/engine/weights/pytorch/pickled-checkpoint'
import type { PickleValue } from '../../../../src/engine/weights/pytorch/pickle-values'
import { temporaryFolder } from '../../../helpers/folders'
import { goldenCases } from '../../../helpers/goldens'
import { noise } from '../../../helpers/tensors'
import { thrownBy } from '../../../helpers/thrown'

const file = async (name: string, tensors: readonly (readonly [string, Tensor])[]): Promise<string> => {
  const path = join(await temporaryFolder(), name)
  await writeSafetensors(path, tensors)
  return path
}
const linear = (channels: number): readonly (readonly [string, Tensor])[] => [['decode_head.conv_depth.weight', noise([256, channels, 1, 1], 1)], ['decode_head.conv_depth.bias', noise([256], 2)]]
const classes = (count: number, channels: number): readonly (readonly [string, Tensor])[] => [
  ['decode_head.conv_seg.weight', noise([count, channels, 1, 1], 1)],
  ['decode_head.conv_seg.bias', noise([count], 2)],
  ['decode_head.bn.weight', noise([channels], 3)],
  ['decode_head.bn.bias', noise([channels], 4)],
  ['decode_head.bn.running_mean', noise([channels], 5)],
  ['decode_head.bn.running_var', { ...noise([channels], 6), data: noise([channels], 6).data.map((value) => 0.5 + Math.abs(value)) }],
]
const read = (path: string, maxDepth?: number) => readHeadFile({ path, name: undefined, maxDepth })

describe('a head file', () => {
  it.each([
    ['dinov2_vits14_nyu_linear_head.safetensors', linear(768), { kind: 'depth', architecture: 'linear', dim: 384, layerCount: 1, maxDepth: 10, minDepth: 0.001 }],
    ['dinov2_vits14_kitti_linear4_head.safetensors', linear(3072), { kind: 'depth', dim: 384, layerCount: 4, maxDepth: 80 }],
    // The same number of channels as four layers of a small one.
    ['dinov2_vitg14_nyu_linear_head.safetensors', linear(3072), { kind: 'depth', dim: 1536, layerCount: 1, maxDepth: 10 }],
    ['dinov2_vits14_voc2012_ms_head.safetensors', classes(21, 1536), { kind: 'classes', architecture: 'bn-linear', dim: 384, layerCount: 4 }],
  ] as const)('%s is what its tensors say', async (name, tensors, expected) => {
    expect((await read(await file(name, tensors))).draft).toMatchObject(expected)
  })

  it('of NYU says that the hub’s range was mended, and one of no known set asks for its range', async () => {
    expect((await read(await file('x_nyu_linear_head.safetensors', linear(768)))).draft.note).toContain('eight times too deep')
    const path = await file('mine.safetensors', linear(768))
    expect(await thrownBy(() => read(path))).toMatchObject({ code: 'BAD_REQUEST', detail: { field: 'maxDepth' } })
    expect((await read(path, 25)).draft).toMatchObject({ maxDepth: 25 })
    expect(await thrownBy(() => read(path, 0.0005))).toMatchObject({ code: 'BAD_REQUEST', message: expect.stringContaining('must be above 0.001 m') as string })
  })

  it.each([
    ['nothing that is known', [['fc.weight', noise([2, 2], 1)]] as const, /is no head that is known; it holds \S*fc\.weight/],
    ['another number of classes of depth', [['conv_depth.weight', noise([5, 768, 1, 1], 1)], ['conv_depth.bias', noise([5], 2)]] as const, /conv_depth\.weight of shape \[5, 768, 1, 1\]; \[256, any, 1, 1\] was expected/],
    ['no bias', [['conv_depth.weight', noise([256, 768, 1, 1], 1)]] as const, /lacks conv_depth\.bias/],
    ['a batch norm of another width', [...classes(3, 8).slice(0, 2), ['bn.weight', noise([4], 1)] as const, ['bn.bias', noise([4], 1)] as const, ['bn.running_mean', noise([4], 1)] as const, ['bn.running_var', noise([4], 1)] as const], /bn\.weight of shape \[4\]; \[8\] was expected/],
    ['a batch norm that lacks some of its spread', classes(3, 8).map(([name, tensor]) => (name.endsWith('running_var') ? ([name, noise([7], 6)] as const) : ([name, tensor] as const))), /bn\.running_var of shape \[7\]; \[8\] was expected/],
    ['fewer numbers to add than classes', classes(3, 8).map(([name, tensor]) => (name.endsWith('seg.bias') ? ([name, noise([2], 6)] as const) : ([name, tensor] as const))), /conv_seg\.bias of shape \[2\]; \[3\] was expected/],
    ['a kernel that sees more than one patch', [['conv_depth.weight', noise([256, 8, 3, 3], 1)], ['conv_depth.bias', noise([256], 2)]] as const, /\[256, 8, 3, 3\]; \[256, any, 1, 1\] was expected/],
    ['more classes than can be shown', classes(257, 8), /257 classes; at most 256/],
  ])('with %s is refused by name', async (_what, tensors, message) => {
    const path = await file('nyu.safetensors', tensors)
    expect(await thrownBy(() => read(path))).toMatchObject({ code: 'MODEL_KEYS', message: expect.stringMatching(message) as string })
  })

  it('that is no file of weights is refused', async () => {
    const path = join(await temporaryFolder({ 'nyu.pth': 'no weights' }), 'nyu.pth')
    expect(await thrownBy(() => read(path))).toMatchObject({ code: expect.stringMatching(/^(?:PICKLE|MODEL)_/) as string })
  })
})

describe('batch norm', () => {
  it('taken into the convolution gives what both give one after the other', () => {
    const [count, channels] = [3, 5]
    const [weight, bias] = [noise([count, channels], 1).data, noise([count], 2).data]
    const norm = { weight: noise([channels], 3).data, bias: noise([channels], 4).data, mean: noise([channels], 5).data, variance: noise([channels], 6).data.map((value) => 0.3 + Math.abs(value)) }
    const x = noise([channels], 7).data
    const folded = foldBatchNorm(weight, bias, norm)
    for (let row = 0; row < count; row++) {
      let [plain, once] = [bias[row]!, folded.bias[row]!]
      for (let channel = 0; channel < channels; channel++) {
        const normed = ((x[channel]! - norm.mean[channel]!) / Math.sqrt(norm.variance[channel]! + 1e-5)) * norm.weight[channel]! + norm.bias[channel]!
        plain += weight[row * channels + channel]! * normed
        once += folded.weight[row * channels + channel]! * x[channel]!
      }
      expect(once).toBeCloseTo(plain, 4)
    }
  })
})

describe('a DPT head', () => {
  const golden = async (): Promise<ReadonlyMap<string, Tensor<'float32'>>> =>
    (await readHeadFile({ path: join(goldenCases('depth').find(({ name }) => name.includes('dpt'))!.folder, 'head.pth'), name: undefined, maxDepth: 10 })).tensors

  it('is read whole from safetensors too', async () => {
    const tensors = await golden()
    const again = await read(await file('nyu.safetensors', [...tensors]))
    expect(again.draft).toMatchObject({ architecture: 'dpt', layerCount: 4, maxDepth: 10 })
    expect(again.tensors).toEqual(tensors)
  })

  it('that lacks any one of its tensors, or has it in another shape, is refused by that name', async () => {
    const tensors = await golden()
    expect(tensors.size).toBe(56)
    for (const name of tensors.keys()) {
      const path = await file('nyu.safetensors', [...tensors].filter(([other]) => other !== name))
      // Without that one it is not known for a DPT head.
      const message = name === 'reassemble_blocks.projects.0.conv.weight' ? 'is no head that is known' : `lacks ${name}`
      expect(await thrownBy(() => read(path))).toMatchObject({ code: 'MODEL_KEYS', message: expect.stringContaining(message) as string })
    }
    for (const name of ['convs.2.conv.weight', 'fusion_blocks.3.res_conv_unit1.conv2.conv.weight', 'reassemble_blocks.resize_layers.1.weight', 'conv_depth.head.4.weight']) {
      const [out = 0, channels = 0, ...kernel] = tensors.get(name)!.shape
      const path = await file('nyu.safetensors', [...new Map([...tensors, [name, noise([out, channels + 1, ...kernel], 1)]])])
      expect(await thrownBy(() => read(path))).toMatchObject({ code: 'MODEL_KEYS', message: expect.stringContaining(`${name} of shape`) as string })
    }
  })
})

describe('classes of a checkpoint', () => {
  const list = (items: PickleValue[]): PickleValue => ({ kind: 'list', items, weight: 1 })
  const dict = (entries: readonly (readonly [string, PickleValue])[]): PickleValue => ({ kind: 'dict', entries: new Map(entries), weight: 1 })

  it('are those that its meta names, with colours where they are colours', () => {
    const value = dict([['meta', dict([['CLASSES', list(['wall', 'sky'])], ['PALETTE', list([list([1, 2, 3]), list([1, 2, 999])])]])]])
    expect(pickledClasses(value)).toEqual([{ name: 'wall', colour: [1, 2, 3] }, { name: 'sky', colour: undefined }])
    expect([pickledClasses(dict([])), pickledClasses(list([]))]).toEqual([[], []])
  })
})

describe('heads of a workspace', () => {
  it('are kept, told, renamed and removed; two of one name are two', async () => {
    const root = join(await temporaryFolder(), 'heads')
    const { draft, tensors } = await read(await file('dinov2_vits14_nyu_linear4_head.safetensors', linear(3072)))
    const [first, second] = [await writeHead(root, draft, tensors), await writeHead(root, draft, tensors)]
    expect([first.headId, second.headId]).toEqual(['dinov2-vits14-nyu-linear4-head', 'dinov2-vits14-nyu-linear4-head-2'])
    expect(headInfo(first)).toMatchObject({ layers: [2, 5, 8, 11], maxDepth: 10, sizeBytes: expect.any(Number) as number })
    expect((await readHead(root, first.headId)).tensors.get('conv_depth.weight')?.data).toEqual(tensors.get('conv_depth.weight')?.data)
    await renameHead(root, second.headId, 'Rooms')
    await removeHead(root, first.headId)
    expect((await listHeads(root, () => undefined)).map(({ manifest }) => manifest.name)).toEqual(['Rooms'])
    expect(await thrownBy(() => readHead(root, first.headId))).toMatchObject({ code: 'NOT_FOUND' })
    expect(await thrownBy(() => removeHead(root, '../heads'))).toMatchObject({ code: 'NOT_FOUND' })
  })

  it('whose weights have changed on the disk are refused', async () => {
    const root = join(await temporaryFolder(), 'heads')
    const { draft, tensors } = await read(await file('nyu.safetensors', linear(768)))
    const { headId } = await writeHead(root, draft, tensors)
    await writeFile(join(root, headId, 'head.safetensors'), 'x')
    expect(await thrownBy(() => readHead(root, headId))).toMatchObject({ code: 'MODEL_DAMAGED' })
    expect(await readdir(root)).toEqual([headId])
  })

  it('read the blocks that the reference reads', () => {
    expect([layersOf(1, 12), layersOf(4, 12), layersOf(4, 24), layersOf(4, 40), layersOf(4, 4), layersOf(4, 6)]).toEqual([[11], [2, 5, 8, 11], [4, 11, 17, 23], [9, 19, 29, 39], [0, 1, 2, 3], [1, 2, 4, 5]])
  })
})
