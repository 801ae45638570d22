/** @file A model folder somewhere else, as it is. */
import { copyFile, lstat, mkdir, open } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { EngineError } from '../../contract'
import { manifestFile, openModelFolder, verifyModelFolder, weightsFile, type ModelFolder } from '../../weights'
import { stageBeside } from './staging'

/**
 * Copies `model` to the new folder `path`, and believes the copy after its hash was checked.
 * @returns the paths of its files
 * @throws EngineError ALREADY_EXISTS, DISK, MODEL_DAMAGED when the copy is not what the model is; the signal's reason when cancelled
 */
export async function copyModelFolder(path: string, { folder }: ModelFolder, signal: AbortSignal): Promise<string[]> {
  const name = basename(path)
  const taken = await lstat(path).then(
    () => true,
    () => false,
  )
  // An empty folder would be replaced by the copy, one with files in it refused by the system; neither was meant.
  if (taken) throw new EngineError('ALREADY_EXISTS', `${path} exists already; name a folder that does not`, { detail: { path } })
  const [copied = path] = await stageBeside(path, async (staging) => {
    const copy = join(staging, name)
    await mkdir(copy)
    for (const file of [weightsFile, manifestFile]) {
      signal.throwIfAborted()
      await copyFile(join(folder, file), join(copy, file))
      await flush(join(copy, file))
    }
    await verifyModelFolder(await openModelFolder(copy), signal)
    return [name]
  })
  return [join(copied, manifestFile), join(copied, weightsFile)]
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r+')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
