/** @file The door of graph. */
export * from './build'
export * from './dim'
export * from './rewrite'
export * from './site'
export * from './traverse'
export * from './value'
