/** @file Which precision and which form of attention a recipe gets on which device. */
import { describe, expect, it } from 'vitest'
import { parseRecipe } from '../../../../src/engine/train'
import { stepSpec, type StepRuntime } from '../../../../src/engine/train/trainer/step-plan'
import { thrownBy } from '../../../helpers/thrown'

const cpu: StepRuntime = { provider: 'cpu', attention: 'fused', float16: false }
const single: StepRuntime = { provider: 'webgpu', attention: 'composed', float16: false }
const half: StepRuntime = { provider: 'webgpu', attention: 'composed', float16: true }

const recipe = (precision: string) => parseRecipe(`preset: tiny-smoke\nrun:\n  precision: ${precision}\n`)

describe('the precision of a step', () => {
  it.each([
    ['auto', cpu, 'float32'],
    ['auto', single, 'float32'],
    ['auto', half, 'float16'],
    ['float32', half, 'float32'],
    ['float16', half, 'float16'],
    ['float16', cpu, 'float16'],
  ] as const)('%s on %o is %s', (asked, runtime, expected) => {
    expect(stepSpec(recipe(asked), 4, runtime).precision).toBe(expected)
  })

  it('is not promised by a device that has not got it', async () => {
    expect(await thrownBy(() => stepSpec(recipe('float16'), 4, single))).toMatchObject({ code: 'RECIPE', message: 'run.precision is float16, which webgpu does not compute on this machine; take auto or float32.' })
  })
})

describe('the attention of a step', () => {
  const fused: StepRuntime = { ...single, attention: 'fused' }
  it.each([
    ['composed of plain ops on the CPU up to 256 tokens', cpu, 240, 'composed'],
    ['fused on the CPU beyond', cpu, 256, 'fused'],
    ['fused on a device that has it, whatever the tokens', fused, 112, 'fused'],
    ['composed on a device that has not', single, 256, 'composed'],
  ] as const)('is %s', (_what, runtime, size, expected) => {
    const sized = parseRecipe(`preset: dino-vits16\ncrops: { global_crops_size: ${size} }\n`)
    expect(stepSpec(sized, 4, runtime).attention).toBe(expected)
  })
})
