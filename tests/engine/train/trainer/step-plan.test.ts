/** @file Which precision a recipe gets on which device. */
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
    const { precision, attention } = stepSpec(recipe(asked), 4, runtime)
    expect({ precision, attention }).toEqual({ precision: expected, attention: runtime.attention })
  })

  it('is not promised by a device that has not got it', async () => {
    expect(await thrownBy(() => stepSpec(recipe('float16'), 4, single))).toMatchObject({ code: 'RECIPE', message: 'run.precision is float16, which webgpu does not compute on this machine; take auto or float32.' })
  })
})
