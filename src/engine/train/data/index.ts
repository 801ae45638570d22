/** @file The door of training data: picture files in, batches of augmented patch rows out. */
export { batchBytes, type BatchShape, type CropGroup, type Triple } from './layout'
export { openLoader, type Loader, type TrainBatch } from './loader'
export type { LoaderOptions } from './loader-options'
export { measureLoader, type LoaderSpeed } from './measure'
export type { TrainingImage } from './problems'
