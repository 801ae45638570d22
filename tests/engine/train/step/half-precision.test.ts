/** @file Steps in half precision: every product rounded, near the float32 numbers, and a loss scale that finds its place. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRuntime, type Runtime } from '../../../../src/engine/runtime'
import { gradientGraph, type Stepper } from '../../../../src/engine/train/step'
import { adjustLossScale, mayOverflow, newLossScale } from '../../../../src/engine/train/step/loss-scale'
import { createCpuDevice } from '../../../helpers/cpu-device'
import { goldenCases } from '../../../helpers/goldens'
import { metricDifference, stateDifferences } from '../../../helpers/step-comparison'
import { feedsAt, openGoldenStepper, ratesAt, readTrainGolden, specOf, takeStep, updateOptionsOf } from '../../../helpers/train-golden'

let runtime: Runtime
beforeAll(async () => {
  runtime = await createRuntime({ preferred: 'cpu', threads: 1 })
})
afterAll(async () => {
  await runtime.dispose()
})

describe('the scale of the loss', () => {
  it('halves when it was too far, down to one, and doubles after two thousand good steps', () => {
    const scale = newLossScale()
    adjustLossScale(scale, true)
    expect(scale).toEqual({ value: 2 ** 15, goodSteps: 0 })
    for (let step = 0; step < 1999; step++) adjustLossScale(scale, false)
    expect(scale).toEqual({ value: 2 ** 15, goodSteps: 1999 })
    adjustLossScale(scale, false)
    expect(scale).toEqual({ value: 2 ** 16, goodSteps: 0 })
    for (let step = 0; step < 20; step++) adjustLossScale(scale, true)
    expect({ ...scale, blames: mayOverflow(scale) }).toEqual({ value: 1, goodSteps: 0, blames: false })
  })
})

describe.each(goldenCases('train'))('half precision, $name', ({ folder }) => {
  it('rounds every product forward and back, but for KoLeo and the resizing of position embeddings', async () => {
    const golden = await readTrainGolden(folder)
    const spec = specOf(golden, { precision: 'float16' })
    const { nodes, initializers } = gradientGraph(spec, (name) => updateOptionsOf(golden).groupOf(name).trainable).built.model.graph
    const halves = new Set<string>()
    for (const { opType, inputs, outputs, attributes } of nodes)
      if (opType === 'Cast' ? attributes['to']?.value === 10 : halves.has(inputs[0]!)) halves.add(outputs[0]!)
    // Products with a row of ones are sums, of which none is rounded.
    const ones = new Set(initializers.filter(({ shape }) => shape.length === 2 && shape[0] === 1).map(({ name }) => name))
    const products = nodes.filter(({ opType, inputs }) => /^(Gemm|MatMul|MultiHeadAttention)$/.test(opType) && !ones.has(inputs[0]!))
    const exact = products.filter(({ inputs }) => !inputs.some((name) => halves.has(name)))
    // Down and across: for both crop sizes of the student and back again, and for the teacher. KoLeo's cosines, neighbours and their gradient: for each global crop.
    expect({ exact: exact.length, many: products.length > 50 }).toEqual({ exact: 2 * (2 + 2 + 1) + (spec.weights.koleo > 0 ? 2 * 3 : 0), many: true })
  })

  it('gives losses within a hundredth of those in single precision, and weights that follow', async () => {
    const golden = await readTrainGolden(folder)
    const [spec, half] = [specOf(golden), specOf(golden, { precision: 'float16' })]
    const steppers: readonly Stepper[] = [
      await openGoldenStepper(runtime, golden, spec),
      await openGoldenStepper(runtime, golden, half),
      await openGoldenStepper({ ...runtime, device: createCpuDevice(runtime) }, golden, half),
    ]
    const [exact, host, device] = steppers
    for (const { step } of golden.trace.log) {
      const expected = await takeStep(exact!, golden, spec, step)
      for (const stepper of [host!, device!]) {
        const { metrics: { 'loss.scale': scale, ...metrics }, ...rest } = await takeStep(stepper, golden, half, step)
        expect({ scale, finite: rest.finite }).toEqual({ scale: 65536, finite: true })
        expect(metricDifference({ ...rest, metrics }, expected), `step ${step}`).toBeLessThan(1e-2)
      }
    }
    await device!.pull()
    const rate = Math.max(...golden.trace.log.map(({ step }) => ratesAt(golden, step).lr))
    for (const stepper of [host!, device!]) {
      const { student, teacher, centres } = stateDifferences(stepper.state, exact!.state)
      // Adam moves a weight by the learning rate whatever its gradient's size, so a weight may differ by as much.
      expect({ student: student < 2 * golden.trace.log.length * rate, teacher: teacher < 2 * golden.trace.log.length * rate, centres: centres < 1e-2 }).toEqual({ student: true, teacher: true, centres: true })
    }
    for (const stepper of steppers) await stepper.release()
  })
})

describe('an overflow of scaled gradients', () => {
  it('passes over the update, halves the scale and is no failure of the run', async () => {
    const golden = await readTrainGolden(goldenCases('train')[0]!.folder)
    const spec = specOf(golden, { precision: 'float16' })
    const stepper = await openGoldenStepper({ ...runtime, device: createCpuDevice(runtime) }, golden, spec)
    const before = stepper.state.student.data.slice()
    // Beyond what float32 can square.
    stepper.state.lossScale!.value = 2 ** 80
    const { finite, metrics } = await stepper.step([feedsAt(golden, spec, 0)], ratesAt(golden, 0))
    await stepper.pull()
    expect({ finite, scale: metrics['loss.scale'], norm: metrics['gradient.backbone'], next: { ...stepper.state.lossScale }, updates: new Set(stepper.state.updates.values()), same: before.every((value, index) => stepper.state.student.data[index] === value) }).toEqual({
      finite: true,
      scale: 2 ** 80,
      norm: undefined,
      next: { value: 2 ** 79, goodSteps: 0 },
      updates: new Set([0]),
      same: true,
    })
    stepper.state.lossScale!.value = 1
    const feeds = feedsAt(golden, spec, 1)
    const broken = { ...feeds['global']!, data: (feeds['global']!.data as Float32Array).slice().fill(NaN) }
    expect(await stepper.step([{ ...feeds, global: broken }], ratesAt(golden, 1))).toMatchObject({ finite: false })
    expect(stepper.state.lossScale).toEqual({ value: 1, goodSteps: 0 })
    await stepper.release()
  })
})
