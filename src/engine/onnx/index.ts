/** @file The door of onnx. */
export { decodeModel } from './decode'
export { encodeModel, encodedLength, encodeSelfContained, type EncodedPart } from './encode'
export * from './model'
export { outlineModel, type OnnxOutline, type OutlinedReference, type OutlinedValue } from './outline'
