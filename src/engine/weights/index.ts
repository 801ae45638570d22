/** @file The door of weights: weight files in, model folders out. */
export type { Checkpoint, StateDict, TensorSource } from './bytes/tensor-source'
export type { Preprocessing } from './layout/config-file'
export { defaultPreprocessing } from './layout/config-file'
export type { CheckpointKey } from './layout/select-state'
export { addModel, type ModelsPlace, type NewModel } from './models/add-model'
export { importModel, type ImportRequest } from './models/import-model'
export { descriptionKey, embeddedDescription, hashElements, type EmbeddedDescription } from './models/embedded-description'
export { manifestFile, weightsFile, writeManifest, type ModelKind, type ModelManifest, type ModelProvenance } from './models/manifest'
export {
  listModelFolders,
  hashFile,
  openModelFolder,
  removeModelFolder,
  removeUnfinished,
  verifyModelFolder,
  type ModelFolder,
  type ModelListing,
} from './models/model-folder'
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
