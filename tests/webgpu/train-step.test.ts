/**
 * @file The golden training cases on WebGPU against the CPU: the same losses and weights, which stay on the device.
 * `DINOSCOPE_WEBGPU_TESTS=required` makes a missing adapter a failure; otherwise it is a skip that says why.
 */
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest'
import { createRuntime, type Device, type Runtime } from '../../src/engine/runtime'
import type { StepSpec } from '../../src/engine/train/step'
import { goldenCases } from '../helpers/goldens'
import { metricDifference, stateDifferences } from '../helpers/step-comparison'
import { feedsAt, openGoldenStepper, ratesAt, readTrainGolden, specOf, takeStep, type TrainGolden } from '../helpers/train-golden'

const tolerance = 1e-3

let runtime: Runtime
let cpu: Runtime
beforeAll(async () => {
  runtime = await createRuntime({ preferred: 'webgpu' })
  cpu = await createRuntime({ preferred: 'cpu' })
})
afterAll(async () => {
  await runtime.dispose()
  await cpu.dispose()
})

function deviceOrSkip(context: TestContext): Device {
  const report = runtime.reports.find(({ name }) => name === 'webgpu')
  if (report?.ok !== true && process.env['DINOSCOPE_WEBGPU_TESTS'] !== 'required') {
    console.warn(`SKIPPED: no WebGPU adapter here (${report?.reason ?? 'not a candidate on this platform'})`)
    context.skip()
  }
  expect({ report, provider: runtime.provider }).toMatchObject({ report: { ok: true }, provider: 'webgpu' })
  expect(runtime.device).toBeDefined()
  return runtime.device!
}

const bytesOf = (tensors: readonly ({ readonly data: { readonly byteLength: number } } | undefined)[]): number => tensors.reduce((sum, tensor) => sum + (tensor?.data.byteLength ?? 0), 0)

/** Adam turns the noise of what has no true gradient into steps of the learning rate's size. */
function keyBound(golden: TrainGolden): number {
  const { trace } = golden
  return 2 * trace.log.length * Math.max(...trace.log.map(({ step }) => ratesAt(golden, step).lr))
}

const specFor = (golden: TrainGolden, overrides: Partial<StepSpec> = {}): StepSpec => specOf(golden, { attention: runtime.attention, ...overrides })

const [first] = goldenCases('train')

describe.each(goldenCases('train'))('training $name on WebGPU', ({ folder }) => {
  it('agrees with the CPU, and no weight crosses between steps', async (context) => {
    const device = deviceOrSkip(context)
    const golden = await readTrainGolden(folder)
    const spec = specFor(golden)
    const stepper = await openGoldenStepper(runtime, golden, spec)
    const host = await openGoldenStepper(cpu, golden, spec)
    await stepper.push()
    for (const { step } of golden.trace.log) {
      const before = device.traffic()
      const actual = await takeStep(stepper, golden, spec, step)
      const after = device.traffic()
      expect(metricDifference(actual, await takeStep(host, golden, spec, step)), `step ${step}`).toBeLessThan(tolerance)
      // All that crosses is counted: crops, centres and temperature, and in the update four numbers a parameter and the momentum twice.
      const { state } = stepper
      const given = bytesOf([...Object.values(feedsAt(golden, spec, step)), state.centre, state.centreIbot])
      const perParameter = 4 * 4 * state.parameters.length
      const told = bytesOf([actual.features, state.centre, state.centreIbot]) + 4 * (state.parameters.length + Object.keys(actual.metrics).length)
      expect({ up: after.uploadedBytes - before.uploadedBytes <= given + perParameter + 4 + 8, down: after.downloadedBytes - before.downloadedBytes <= told }).toEqual({ up: true, down: true })
    }
    await stepper.pull()
    const { keys, ...differences } = stateDifferences(stepper.state, host.state)
    expect(Object.entries(differences).filter(([, difference]) => !(difference < tolerance))).toEqual([])
    expect(keys).toBeLessThan(keyBound(golden))
    await stepper.release()
    await host.release()
  })
})

describe('the state of a run on WebGPU', () => {
  it('is the same bits after a checkpoint of it was taken up again', async (context) => {
    deviceOrSkip(context)
    const golden = await readTrainGolden(first!.folder)
    const spec = specFor(golden)
    const [straight, stopped, resumed] = [await openGoldenStepper(runtime, golden, spec), await openGoldenStepper(runtime, golden, spec), await openGoldenStepper(runtime, golden, spec)]
    await takeStep(straight, golden, spec, 0)
    await takeStep(stopped, golden, spec, 0)
    await stopped.pull()
    for (const role of ['student', 'teacher', 'first', 'second'] as const) resumed.state[role].data.set(stopped.state[role].data)
    resumed.state.centre?.data.set(stopped.state.centre!.data)
    for (const [name, count] of stopped.state.updates) resumed.state.updates.set(name, count)
    await resumed.push()
    await takeStep(straight, golden, spec, 1)
    await takeStep(resumed, golden, spec, 1)
    await straight.pull()
    await resumed.pull()
    expect(stateDifferences(resumed.state, straight.state)).toEqual({ student: 0, teacher: 0, moments: 0, centres: 0, keys: 0 })
    for (const each of [straight, stopped, resumed]) await each.release()
  })

  it('sums several runs as the CPU does', async (context) => {
    deviceOrSkip(context)
    const golden = await readTrainGolden(first!.folder)
    const spec = specFor(golden)
    const [stepper, host] = [await openGoldenStepper(runtime, golden, spec), await openGoldenStepper(cpu, golden, spec)]
    const runs = [0, 1, 2].map((step) => feedsAt(golden, spec, step % golden.trace.log.length))
    expect(metricDifference(await stepper.step(runs, ratesAt(golden, 0)), await host.step(runs, ratesAt(golden, 0)))).toBeLessThan(tolerance)
    await stepper.pull()
    const { keys, ...differences } = stateDifferences(stepper.state, host.state)
    expect(Object.entries(differences).filter(([, difference]) => !(difference < tolerance))).toEqual([])
    expect(keys).toBeLessThan(keyBound(golden))
    await stepper.release()
    await host.release()
  })

  it('agrees with the CPU with activations computed again', async (context) => {
    deviceOrSkip(context)
    const golden = await readTrainGolden(first!.folder)
    const spec = specFor(golden, { recompute: true })
    const [stepper, host] = [await openGoldenStepper(runtime, golden, spec), await openGoldenStepper(cpu, golden, spec)]
    expect(metricDifference(await takeStep(stepper, golden, spec, 0), await takeStep(host, golden, spec, 0))).toBeLessThan(tolerance)
    await stepper.release()
    await host.release()
  })
})
