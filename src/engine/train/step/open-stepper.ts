/** @file The stepper that fits the runtime: over weights in this process's memory, or on the provider's device. */
import type { Runtime } from '../../runtime'
import { openDeviceStepper } from './device-stepper'
import type { StepSpec } from './step-spec'
import { openHostStepper, type Stepper } from './stepper'
import type { UpdateOptions } from './update-rules'

/** Builds the graphs of a step and the memory it works in. */
export async function openStepper(runtime: Runtime, spec: StepSpec, options: UpdateOptions): Promise<Stepper> {
  return runtime.device === undefined ? openHostStepper(runtime, spec, options) : openDeviceStepper(runtime.device, spec, options)
}
