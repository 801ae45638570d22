/** @file The door of weights: weight files in, model folders out. */
export type { Checkpoint, StateDict, TensorSource } from './bytes/tensor-source'
export type { Preprocessing } from './layout/config-file'
export { defaultPreprocessing } from './layout/config-file'
export type { CheckpointKey } from './layout/select-state'
export { addModel, type ModelsPlace, type NewModel } from './models/add-model'
export { importModel, type ImportRequest } from './models/import-model'
export { descriptionKey, embeddedDescription, hashElements, type EmbeddedDescription } from './models/embedded-description'
export { manifestFile, weightsFile, writeManifest, type ModelKind, type ModelManifest, type ModelProvenance, type OnnxManifest, type VitManifest } from './models/manifest'
export {
  listModelFolders,
  hashFile,
  isVit,
  openModelFolder,
  removeModelFolder,
  removeUnfinished,
  requireVit,
  verifyModelFolder,
  type ModelFolder,
  type ModelListing,
  type OnnxModelFolder,
  type VitModelFolder,
} from './models/model-folder'
export { importAny, type AnyImportRequest } from './foreign/import-any'
export { inspectOnnx, importOnnx, checkOnnxFolder, type OnnxImportRequest, type OnnxInspectRequest } from './foreign/import-onnx'
export { architectureOf, fixedSizeOf, givesOf, type OnnxConfig } from './foreign/onnx-config'
export { triedSizes, type OnnxTrial, type OnnxTrialRequest, type PictureInput, type TriedOutput, type TriedRun, type TryOnnx } from './foreign/trial'
export { resolveModel, type ModelPlaces } from './models/resolve-model'
export { withTensors } from './models/model-tensors'
export { isRounding, withStoredAs } from './models/stored-as'
export { writeModelFolder, type ModelDraft } from './models/write-model-folder'
export { unusedTensorEntry } from './models/unused-tensor'
export { openCheckpoint } from './open-checkpoint'
export type { SafetensorsIndex, TensorLocation } from './safetensors/header'
export { readSafetensors, readSafetensorsIndex } from './safetensors/read'
export { writeSafetensors, writeSafetensorsFrom, type NamedSource, type WriteOptions, type WrittenFile } from './safetensors/write'
export { downloadFile, type DownloadRequest } from './hub/download'
export { addressOf, readCatalogue, type CatalogueEntry } from './hub/catalogue'
export { headInfo, layersOf, listHeads, readHead, readHeadManifest, removeHead, renameHead, writeHead, type DenseHead, type HeadDraft, type HeadManifest, type HeadTensors } from './heads/head-folder'
export { readHeadFile, type HeadImport } from './heads/import-head'
