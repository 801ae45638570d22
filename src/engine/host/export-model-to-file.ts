/** @file A model to a file that is compared with the engine: what the command line and the app both do. */
import { readdir } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { EngineError, messageOf, type JobContext, type Progress } from '../contract'
import { exportModel, type ExportedModel, type ModelExportOptions } from '../export'
import { loadBackbone } from '../inference'
import { createRuntime } from '../runtime'
import type { ModelFolder } from '../weights'

export interface ModelFileRequest extends ModelExportOptions {
  /** Folder of real pictures to compare on. */
  readonly picturesFolder: string
  readonly threads?: number
}

/**
 * {@link exportModel}, checked on the CPU: what is asked is whether the file is right, not what a provider makes of it.
 * @throws EngineError as exportModel, and SOURCE_UNAVAILABLE when there are no pictures
 */
export async function exportModelToFile(model: ModelFolder, { picturesFolder, threads, ...options }: ModelFileRequest, context: JobContext<Progress>): Promise<ExportedModel> {
  const runtimes: Awaited<ReturnType<typeof createRuntime>>[] = []
  try {
    return await exportModel(
      model,
      options,
      async () => {
        const pictures = await picturesOf(picturesFolder)
        const runtime = await createRuntime({ preferred: 'cpu', threads })
        runtimes.push(runtime)
        return { reference: loadBackbone(runtime, model), open: runtime.openFile, pictures }
      },
      context,
    )
  } finally {
    for (const runtime of runtimes) await runtime.dispose()
  }
}

async function picturesOf(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new EngineError('SOURCE_UNAVAILABLE', `${folder}, whose pictures an export is checked with, cannot be read: ${messageOf(cause)}`, { detail: { path: folder }, cause })
  })
  return names
    .filter((name) => ['.jpg', '.jpeg', '.png', '.webp'].includes(extname(name).toLowerCase()))
    .sort()
    .map((name) => join(folder, name))
}
