import { describe, expect, it } from 'vitest'
import { buildModel, input, parameter } from '../../../src/engine/graph'
import { add, matMul } from '../../../src/engine/ops'
import { createRuntime } from '../../../src/engine/runtime'
import { providerCandidates, relativeDifference } from '../../../src/engine/runtime/providers'
import { float32 } from '../../helpers/tensors'

const doubled = () => {
  const x = input('x', 'float32', [2])
  return buildModel('doubled', { y: add(x, x) }, () => new Uint8Array())
}

describe('providers', () => {
  it('end with the CPU on every platform', () => {
    expect((['linux', 'win32', 'darwin', 'aix'] as const).map((platform) => providerCandidates(platform).at(-1))).toEqual(['cpu', 'cpu', 'cpu', 'cpu'])
  })

  it.each([
    ['the same', [1, -4], [1, -4], 0],
    ['off by a tenth of the largest value', [1, -4], [1.4, -4], 0.1],
    ['all zero where they should not be, however small', [1e-5, -2e-5], [0, 0], 1],
    ['not a number', [1, 2], [1, NaN], Infinity],
    ['of another length', [1, 2], [1], Infinity],
  ])('are compared with the CPU relative to its values: %s', (_what, reference, other, expected) => {
    const outputs = (values: readonly number[]) => ({ y: float32([values.length], values) })
    expect(relativeDifference(outputs(reference), outputs(other))).toBeCloseTo(expected, 6)
    expect(relativeDifference({ ...outputs(reference), attended: float32([1], [1]) }, outputs(other))).toBe(Infinity)
  })

  it('are not tried when the CPU is asked for', async () => {
    const runtime = await createRuntime({ preferred: 'cpu', threads: 1 })
    expect(runtime).toMatchObject({ provider: 'cpu', threads: 1 })
    expect(runtime.reports.map(({ name, ok }) => ({ name, ok }))).toEqual(providerCandidates(process.platform).map((name) => ({ name, ok: name === 'cpu' })))
    await runtime.dispose()
  })

  it('that do not work are left with their reason, and the next one is taken', async () => {
    const runtime = await createRuntime({ preferred: 'webgpu' })
    const report = runtime.reports.find(({ name }) => name === 'webgpu')
    expect(runtime.provider).toBe(report?.ok === true ? 'webgpu' : 'cpu')
    expect(report?.reason).toMatch(report?.ok === true ? /×/ : /adapter/i)
    expect(await (await runtime.open(doubled())).run({ x: float32([2], [1, 2]) })).toMatchObject({ y: { data: Float32Array.of(2, 4) } })
    await runtime.dispose()
  })
})

describe('sessions', () => {
  it('refuse to run once released, also by the runtime’s end', async () => {
    const runtime = await createRuntime({ preferred: 'cpu' })
    const [first, second] = [await runtime.open(doubled()), await runtime.open(doubled())]
    await first.release()
    await first.release()
    await expect(first.run({ x: float32([2], [1, 2]) })).rejects.toMatchObject({ code: 'RUNTIME', message: 'doubled was released' })
    await runtime.dispose()
    await expect(second.run({ x: float32([2], [1, 2]) })).rejects.toMatchObject({ code: 'RUNTIME' })
  })

  it('name the model and the reason when it cannot be loaded', async () => {
    const runtime = await createRuntime({ preferred: 'cpu' })
    const product = matMul(input('x', 'float32', [1, 2]), parameter('missing.weight', 'float32', [2, 2]))
    const built = buildModel('lost', { product }, () => ({ location: 'nowhere.safetensors', offset: 0, length: 16 }))
    await expect(runtime.open(built, { weightsFolder: import.meta.dirname })).rejects.toMatchObject({ code: 'RUNTIME', message: expect.stringMatching(/lost could not be loaded on cpu: .*nowhere\.safetensors/s) })
    await runtime.dispose()
  })
})
