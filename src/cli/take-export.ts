/** @file What an engine has exported, written where the command says. */
import { join } from 'node:path'
import type { Client, EngineContract } from '../engine/contract'
import { writeVerified } from '../engine/export'

interface Exported {
  readonly exportId: string
  readonly files: readonly { readonly name: string; readonly sizeBytes: number }[]
}

/** Copies the files of an export into a folder, a part at a time. @returns their paths. @throws EngineError DISK */
export async function takeExport(client: Client<EngineContract>, { exportId, files }: Exported, folder: string, signal: AbortSignal): Promise<readonly string[]> {
  const paths: string[] = []
  for (const { name, sizeBytes } of files) {
    const path = join(folder, name)
    await writeVerified(path, async (append) => {
      for (let offset = 0; offset < sizeBytes; ) {
        const { bytes } = await client['embed.file']({ exportId, name, offset })
        await append(bytes)
        offset += bytes.length
      }
      return undefined
    }, { signal })
    paths.push(path)
  }
  return paths
}
