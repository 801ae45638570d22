/** @file The door of collection: what the vectors of many pictures tell together. Pure over vectors; nothing here knows files. */
export type { Neighbours } from './neighbours'
export type { VectorSet } from './vector-set'
