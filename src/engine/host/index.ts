/** @file The door of host: the engine behind its contract. */
export { createEngine, type Engine } from './engine'
export { createHost, type Host, type ParseArgument } from './host'
export { modelInfo } from './model-store'
export { describePreparation, preparePicture } from './prepare-picture'
export { parseRequest } from './schemas'
