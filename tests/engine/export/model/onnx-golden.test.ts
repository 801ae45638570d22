/** @file The official code's numbers come out of an exported file, opened as any other program would. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Session } from '../../../../src/engine/runtime'
import { openModelFile } from '../../../../src/engine/runtime/model-file'
import { writeOnnxFile } from '../../../../src/engine/export/model/onnx-file'
import { onnxGraph } from '../../../../src/engine/export/model/onnx-graph'
import type { Tensor } from '../../../../src/engine/tensor'
import { importModel, readSafetensors, type VitModelFolder } from '../../../../src/engine/weights'
import { goldenCases } from '../../../helpers/goldens'
import { maxDifference } from '../../../helpers/tensors'

const tolerance = 1e-4

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dinoscope-onnx-golden-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

/** Which of our outputs holds what the official code gives under a name, and where along its second axis. */
const outputOf: Readonly<Record<string, (registers: number) => readonly [output: string, from?: number, count?: number]>> = {
  tokens: () => ['last_hidden_state'],
  cls: () => ['cls'],
  reg: (registers) => ['last_hidden_state', 1, registers],
  patch: () => ['patch_tokens'],
  attention: () => ['attention'],
}

/** Rows `from` to `from + count` of the second axis of each image. */
function rowsOf({ shape: [images = 0, rows = 0, columns = 1], data }: Tensor, from: number, count: number): number[] {
  return Array.from({ length: images }, (_, image) => [...(data as Float32Array).subarray((image * rows + from) * columns, (image * rows + from + count) * columns)]).flat()
}

async function open(model: VitModelFolder, name: string, size: readonly [number, number] | undefined): Promise<Session> {
  const graph = onnxGraph(model, { attention: 'last', size })
  await writeOnnxFile(folder, name, graph, model.weights.path)
  return openModelFile(join(folder, name), { provider: 'cpu', threads: 1 })
}

/** Largest difference of each expected tensor of one input, and what the file has no output for: the blocks before the last. */
async function compare(session: Session, registers: number, expected: ReadonlyMap<string, Tensor>, index: string): Promise<{ readonly differences: Readonly<Record<string, number>>; readonly passedOver: readonly string[] }> {
  const results = await session.run({ pixel_values: expected.get(`input${index}`)! })
  const differences: Record<string, number> = {}
  const passedOver: string[] = []
  for (const [key, tensor] of expected) {
    if (!key.endsWith(index) || key.startsWith('input')) continue
    const find = outputOf[key.slice(0, -index.length)]
    if (find === undefined) passedOver.push(key)
    else {
      const [output, from, count = 0] = find(registers)
      const found = results[output]!
      differences[key] = maxDifference(from === undefined ? (found.data as Float32Array) : rowsOf(found, from, count), tensor.data as Float32Array)
    }
  }
  return { differences, passedOver }
}

describe('an exported file gives the numbers of the official code', () => {
  it.each(goldenCases('vit'))('$name, at every size from one file, and at each size fixed', async ({ name, folder: source }) => {
    const model = await importModel({ source, modelsFolder: join(folder, 'models') }, { signal: new AbortController().signal, emit: () => undefined })
    const expected = await readSafetensors(join(source, 'expected.safetensors'))
    const inputs = [...expected.keys()].flatMap((key) => /^input(\d+)$/.exec(key)?.[1] ?? [])
    const { registers } = model.manifest.config
    const free = await open(model, `${name}.onnx`, undefined)
    for (const index of inputs) {
      const [, , height = 0, width = 0] = expected.get(`input${index}`)!.shape
      const fixed = await open(model, `${name}-${index}.onnx`, [height, width])
      for (const [which, session] of Object.entries({ free, fixed })) {
        const { differences, passedOver } = await compare(session, registers, expected, index)
        const tooLarge = Object.entries(differences).filter(([, difference]) => !(difference <= tolerance))
        expect({ which, tooLarge, compared: Object.keys(differences).length > 1, passedOver: passedOver.filter((key) => !key.startsWith('block')) }).toEqual({ which, tooLarge: [], compared: true, passedOver: [] })
      }
      await fixed.release()
    }
    await free.release()
  })
})
