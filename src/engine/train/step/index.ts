/** @file The door of step: from crops to updated weights. */
export * from './flat-tensors'
export * from './gradient-graph'
export * from './step-spec'
export * from './stepper'
export * from './training-state'
export * from './update-rules'
