/** @file The door of onnx. */
export { decodeModel } from './decode'
export { encodeModel } from './encode'
export * from './model'
