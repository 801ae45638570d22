/** @file The door of collection: what the vectors of many pictures tell together. Pure over vectors; nothing here knows files. */
export { nearestNeighbours, type NeighbourOptions, type Neighbours } from './neighbours'
export { unitVectors, type VectorSet } from './vector-set'
