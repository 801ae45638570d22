/** @file What is kept of a step whose numbers were not finite: its pictures, for whoever looks for the reason. */
import { join } from 'node:path'
import { saveFile } from '../../files'

/** Writes the list and answers its path. @throws EngineError DISK */
export async function writeNonFiniteReport(folder: string, step: number, pictures: readonly string[]): Promise<string> {
  const path = join(folder, `non-finite-step-${step}.json`)
  await saveFile(path, `${JSON.stringify({ step, pictures }, undefined, 2)}\n`)
  return path
}
