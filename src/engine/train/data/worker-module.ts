/** @file Finds the built worker, wherever the bundler has put the code that starts it. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { EngineError } from '../../contract'

/** Name of the bundle of `worker.ts`, see electron.vite.config.ts. */
const fileName = 'training-data.js'

/**
 * The bundle beside or above `from` (the program is built into out/main and out/main/chunks), or in the out/main of the
 * project that `from` lies in.
 * @throws EngineError INTERNAL when it has not been built
 */
export function findWorkerModule(from: string = import.meta.dirname): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const found = [join(folder, fileName), join(folder, 'out', 'main', fileName)].find((path) => existsSync(path))
    if (found !== undefined) return found
    if (dirname(folder) === folder) throw new EngineError('INTERNAL', `the training data worker ${fileName} was not found above ${from}; build the program first (npm run build)`)
  }
}
