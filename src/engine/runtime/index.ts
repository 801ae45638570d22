/** @file The door of runtime, the only importer of onnxruntime-node. */
export { openModelFile } from './model-file'
export { createRuntime, type Runtime, type RuntimeOptions } from './runtime'
export type { Session } from './session'
export type { Device, DeviceResults, DeviceSession, DeviceTensor, Traffic } from './device'
