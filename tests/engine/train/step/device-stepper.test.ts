/** @file Steps over weights on a device: the same numbers as in this process's memory, nothing fetched that need not be, nothing asked of a lost device. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRuntime, type Runtime } from '../../../../src/engine/runtime'
import type { Stepper } from '../../../../src/engine/train/step'
import { createCpuDevice, type CpuDevice } from '../../../helpers/cpu-device'
import { goldenCases } from '../../../helpers/goldens'
import { metricDifference, stateDifferences } from '../../../helpers/step-comparison'
import { feedsAt, openGoldenStepper, ratesAt, readTrainGolden, specOf, takeStep, type TrainGolden } from '../../../helpers/train-golden'
import { thrownBy } from '../../../helpers/thrown'

let runtime: Runtime
beforeAll(async () => {
  runtime = await createRuntime({ preferred: 'cpu', threads: 1 })
})
afterAll(async () => {
  await runtime.dispose()
})

const sameNumbers = { student: 0, teacher: 0, moments: 0, centres: 0, keys: 0 }
/** What has no true gradient is rounding noise that Adam has made larger. */
const close = ({ keys, ...others }: Readonly<Record<string, number>>): boolean => keys! < 1e-3 && Object.values(others).every((difference) => difference < 1e-6)

async function openOnDevice(golden: TrainGolden): Promise<{ readonly stepper: Stepper; readonly device: CpuDevice }> {
  const device = createCpuDevice(runtime)
  return { device, stepper: await openGoldenStepper({ ...runtime, device }, golden, specOf(golden)) }
}

describe.each(goldenCases('train'))('a step on a device, $name', ({ folder }) => {
  it('gives what a step in memory gives, and nothing but its numbers comes back', async () => {
    const golden = await readTrainGolden(folder)
    const spec = specOf(golden)
    const host = await openGoldenStepper(runtime, golden, spec)
    const { stepper, device } = await openOnDevice(golden)
    for (const { step } of golden.trace.log) {
      const before = device.traffic()
      const live = device.live()
      const [actual, expected] = [await takeStep(stepper, golden, spec, step), await takeStep(host, golden, spec, step)]
      expect(metricDifference(actual, expected), `step ${step}`).toBeLessThan(1e-5)
      if (step === golden.trace.log[0]!.step) continue
      const { uploadedBytes, downloadedBytes } = device.traffic()
      const weightBytes = stepper.state.student.data.byteLength
      const cropBytes = Object.values(feedsAt(golden, spec, step)).reduce((sum, { data }) => sum + data.byteLength, 0)
      const centres = [stepper.state.centre, stepper.state.centreIbot].reduce((sum, centre) => sum + (centre?.data.byteLength ?? 0), 0)
      expect({ up: uploadedBytes - before.uploadedBytes - cropBytes - centres < weightBytes / 4, down: downloadedBytes - before.downloadedBytes < weightBytes / 4, live: device.live() }).toEqual({ up: true, down: true, live })
    }
    await stepper.pull()
    expect(stateDifferences(stepper.state, host.state)).toSatisfy(close)
    expect([...stepper.state.updates]).toEqual([...host.state.updates])
    await stepper.release()
    await host.release()
    expect(device.live()).toBe(0)
  })

  it('sums several runs as in memory', async () => {
    const golden = await readTrainGolden(folder)
    const spec = specOf(golden)
    const host = await openGoldenStepper(runtime, golden, spec)
    const { stepper, device } = await openOnDevice(golden)
    for (const each of [host, stepper]) await each.step([0, 1, 2].map((step) => feedsAt(golden, spec, step % golden.trace.log.length)), ratesAt(golden, 0))
    await stepper.pull()
    expect(stateDifferences(stepper.state, host.state)).toSatisfy(close)
    await stepper.release()
    await host.release()
    expect(device.live()).toBe(0)
  })
})

describe('the state of a device stepper', () => {
  const [first] = goldenCases('train')

  it('is fetched when asked for and taken over when changed, to the same end', async () => {
    const golden = await readTrainGolden(first!.folder)
    const spec = specOf(golden)
    const [straight, stopped] = [(await openOnDevice(golden)).stepper, (await openOnDevice(golden)).stepper]
    await takeStep(straight, golden, spec, 0)
    await takeStep(stopped, golden, spec, 0)
    await stopped.pull()
    const gone = await openOnDevice(golden)
    for (const role of ['student', 'teacher', 'first', 'second'] as const) gone.stepper.state[role].data.set(stopped.state[role].data)
    gone.stepper.state.centre?.data.set(stopped.state.centre!.data)
    for (const [name, count] of stopped.state.updates) gone.stepper.state.updates.set(name, count)
    await gone.stepper.push()
    await takeStep(straight, golden, spec, 1)
    await takeStep(gone.stepper, golden, spec, 1)
    await straight.pull()
    await gone.stepper.pull()
    expect(stateDifferences(gone.stepper.state, straight.state)).toEqual(sameNumbers)
    const fetched = gone.device.traffic().downloadedBytes
    await gone.stepper.pull()
    expect(gone.device.traffic().downloadedBytes).toBe(fetched)
  })

  it('is not asked of a lost device', async () => {
    const golden = await readTrainGolden(first!.folder)
    const spec = specOf(golden)
    const { stepper, device } = await openOnDevice(golden)
    await takeStep(stepper, golden, spec, 0)
    device.lose()
    await expect(takeStep(stepper, golden, spec, 1)).rejects.toThrow('the device is lost')
    expect(await thrownBy(() => stepper.pull())).toMatchObject({ code: 'RUNTIME', message: 'the weights on the device are lost: the device is lost' })
    expect(await thrownBy(() => takeStep(stepper, golden, spec, 1))).toMatchObject({ code: 'RUNTIME' })
    expect(device.askedWhenLost()).toBe(1)
    await stepper.release()
    expect(device.live()).toBe(0)
  })

  it('is not touched by a step whose numbers are not finite', async () => {
    const golden = await readTrainGolden(first!.folder)
    const spec = specOf(golden)
    const { stepper, device } = await openOnDevice(golden)
    await takeStep(stepper, golden, spec, 0)
    await stepper.pull()
    const before = stepper.state.student.data.slice()
    const live = device.live()
    const feeds = feedsAt(golden, spec, 1)
    const broken = { ...feeds['global']!, data: (feeds['global']!.data as Float32Array).slice().fill(NaN) }
    const { finite } = await stepper.step([{ ...feeds, global: broken }], ratesAt(golden, 1))
    await stepper.pull()
    expect({ finite, same: before.every((value, index) => stepper.state.student.data[index] === value), live: device.live() }).toEqual({ finite: false, same: true, live })
  })
})
