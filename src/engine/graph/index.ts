/** @file The door of graph. */
export * from './build'
export * from './dim'
export * from './site'
export * from './traverse'
export * from './value'
