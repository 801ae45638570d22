/** @file Finds the built worker of the training data. */
import { findBuiltModule } from '../../files'

/** @throws EngineError INTERNAL when it has not been built */
export function findWorkerModule(from: string = import.meta.dirname): string {
  // The bundle of `worker.ts`, see electron.vite.config.ts.
  return findBuiltModule('training-data.js', 'training data worker', from)
}
