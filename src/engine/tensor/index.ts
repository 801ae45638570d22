/** @file The door of tensor. */
export * from './cosine'
export * from './dtype'
export * from './float16'
export * from './int8'
export * from './random'
export * from './shape'
export * from './tensor'
