/** @file `dinoscope probe`, run for real on drawn pictures of two classes. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeModel } from '../../../src/engine/onnx'
import { lastJson, runCli } from '../run-cli'

const fast = ['--provider', 'cpu', '--threads', '1']
let folder: string

/** A 32 px picture of one colour with a little of another. */
async function picture(colour: readonly [number, number, number], shade: number): Promise<Buffer> {
  const rgb = Buffer.alloc(32 * 32 * 3)
  for (let pixel = 0; pixel < 32 * 32; pixel++) rgb.set(colour.map((value) => (pixel < 40 * shade ? 128 : value)), pixel * 3)
  return sharp(rgb, { raw: { width: 32, height: 32, channels: 3 } }).png().toBuffer()
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cli-probe-'))
  const classes = { red: [220, 30, 30], blue: [20, 40, 210] } as const
  for (const [name, colour] of Object.entries(classes)) {
    for (const [side, count] of [['train', 4], ['test', 2]] as const) {
      await mkdir(join(folder, side, name), { recursive: true })
      for (let index = 0; index < count; index++) await writeFile(join(folder, side, name, `${index}.png`), await picture(colour, index + (side === 'test' ? 0.5 : 0)))
    }
  }
  await writeFile(join(folder, 'test', 'red', 'broken.png'), 'not a picture')
  await writeFile(join(folder, 'test', 'loose.png'), await picture([1, 2, 3], 0))
})
afterAll(() => rm(folder, { recursive: true }))

const probe = (...args: readonly string[]) => runCli(['probe', join(folder, 'train'), join(folder, 'test'), '--size', '32', ...args, '--json', ...fast], join(folder, 'workspace'))

describe('dinoscope probe', () => {
  it.each(['knn', 'linear'] as const)('tells drawn classes apart by %s, and writes a table', async (method) => {
    const out = join(folder, `${method}.csv`)
    const result = await probe('--method', method, '--out', out)
    expect(lastJson(result)).toMatchObject({ method, accuracy: 1, classes: ['blue', 'red'], examples: 8, queries: 4, crossValidation: { folds: 8, accuracy: 1 }, skipped: [{ relativePath: 'red/broken.png' }] })
    expect((await readFile(out, 'utf8')).trimEnd().split('\n').map((line) => line.split(',').slice(0, 2).join())).toEqual(['filename,label', 'blue/0.png,blue', 'blue/1.png,blue', 'red/0.png,red', 'red/1.png,red'])
  })

  it('writes the linear probe as ONNX with the names of its classes, and has none of nearest examples', async () => {
    const out = join(folder, 'head.onnx')
    expect((await probe('--out', out)).code).toBe(0)
    const { metadata, graph } = decodeModel(await readFile(out))
    expect([metadata.classes, graph.inputs.map(({ name }) => name), graph.outputs.map(({ name }) => name)]).toEqual(['["blue","red"]', ['cls'], ['scores']])
    const refused = await probe('--method', 'knn', '--out', join(folder, 'knn.onnx'))
    expect({ code: refused.code, stderr: refused.stderr }).toEqual({ code: 1, stderr: expect.stringContaining('use --method linear') as string })
  })
})
