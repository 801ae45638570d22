/** @file The working directory of a process that runs models. */
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** ONNX Runtime reads files below the working directory that a model names, so there must be nothing there. */
export function enterEmptyFolder(): void {
  const folder = mkdtempSync(join(tmpdir(), 'dinoscope-'))
  process.chdir(folder)
  process.on('exit', () => {
    try {
      process.chdir('/')
      rmdirSync(folder)
    } catch {
      // An empty folder may stay behind.
    }
  })
}
