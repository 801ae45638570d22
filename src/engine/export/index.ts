/** @file The door of export: results as files that other tools read. */
export * from './csv'
export * from './embedding-rows'
export * from './embeddings'
export * from './model'
export * from './npy'
export { sidecarPath, writeSidecar, type EmbeddingSidecar } from './sidecar'
export { writeVerified, type Append, type VerifiedWriteOptions } from './verified-write'
export { writePoints, type MapPoints } from './points'
