/** @file The door of host: the engine behind its contract. */
export { createEngine, type Engine } from './engine'
export { embedToFile, type EmbedFileRequest, type EmbedFileSummary } from './embed-to-file'
export { exportModelToFile, type ModelFileRequest } from './export-model-to-file'
export { createHost, type Host, type ParseArgument } from './host'
export { modelInfo } from './model-store'
export { preparePicture } from './prepare-picture'
export { parseRequest } from './schemas'
