/** @file What other folders may use of exporting models. */
export { copyModelFolder } from './copy-model-folder'
export { exportModel, type ExportedModel, type ModelExportOptions } from './export-model'
export type { AttentionOutput } from './onnx-graph'
export { parityPath, type OnnxCheck } from './onnx-model'
export { parityTolerance } from './parity'
export type { PixelSize } from './pixel-rows'
