/** @file What other folders may use of exporting models. */
export { copyModelFolder, type CopiedModel } from './copy-model-folder'
export { exportModel, type ExportedModel, type ModelCheck, type ModelExportOptions } from './export-model'
export type { AttentionOutput } from './onnx-graph'
export type { OnnxCheck } from './onnx-model'
export { parityTolerance, roundingTolerance } from './parity'
export { parityPath } from './parity-path'
export type { PixelSize } from './pixel-rows'
