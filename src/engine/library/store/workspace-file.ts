/** @file What a workspace says of itself: by which schema it was written. */
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { EngineError, messageOf } from '../../contract'
import { saveFile } from '../../files'

/** Names in a workspace's folder, by which it is known. */
export const workspaceFile = 'workspace.json'
export const indexFolder = 'index'

/** Raised when an older version could not read what this one writes. */
export const workspaceSchema = 1

const recordSchema = z.object({ schema: z.number().int().positive() })

async function readSchema(path: string): Promise<number | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw new EngineError('DISK', `${path} cannot be read: ${messageOf(error)}`, { detail: { path, code }, cause: error })
  }
  try {
    // One that is torn held nothing that is not known.
    return recordSchema.safeParse(JSON.parse(text)).data?.schema
  } catch {
    return undefined
  }
}

/** @throws EngineError BAD_REQUEST for the workspace of a newer version, DISK */
export async function requireKnownSchema(folder: string): Promise<void> {
  const path = join(folder, workspaceFile)
  const found = await readSchema(path)
  if (found !== undefined && found > workspaceSchema)
    throw new EngineError('BAD_REQUEST', `${folder} was written by a newer version of DinoScope (schema ${found}; this one knows ${workspaceSchema}). Update the app, or choose another workspace`, {
      detail: { path, found, known: workspaceSchema },
    })
}

/** Writes the schema where there is none yet. @throws EngineError as {@link requireKnownSchema} */
export async function prepareWorkspace(folder: string): Promise<void> {
  const path = join(folder, workspaceFile)
  await requireKnownSchema(folder)
  if ((await readSchema(path)) === workspaceSchema) return
  await mkdir(folder, { recursive: true })
  await saveFile(path, `${JSON.stringify({ schema: workspaceSchema })}\n`)
}
