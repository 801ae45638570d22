/** @file The door of the contract: what every process may know about every other. */
export * from './client'
export * from './collection'
export * from './data'
export * from './engine'
export * from './errors'
export * from './rpc'
export * from './wire'
export * from './training'
