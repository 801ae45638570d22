/** @file Finds a built module that is started by its path, wherever the bundler has put the code that starts it. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { EngineError } from '../contract'

/**
 * The bundle beside or above `from` (the program is built into out/main and out/main/chunks), or in the out/main of the
 * project that `from` lies in.
 * @param what it is, for the message
 * @throws EngineError INTERNAL when it has not been built
 */
export function findBuiltModule(fileName: string, what: string, from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const found = [join(folder, fileName), join(folder, 'out', 'main', fileName)].find((path) => existsSync(path))
    if (found !== undefined) return found
    if (dirname(folder) === folder) throw new EngineError('INTERNAL', `the ${what} ${fileName} was not found above ${from}; build the program first (npm run build)`)
  }
}
