/** @file The door of export: results as files that other tools read. */
export * from './csv'
export * from './embeddings'
export * from './model'
export * from './npy'
export * from './sidecar'
