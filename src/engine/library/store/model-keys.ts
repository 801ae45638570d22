/** @file Which tables belong to which model: the key of each in a small file beside them. */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { saveFile } from '../../files'
import type { ModelKey } from './store'

const keySchema = z.object({ sha256: z.string(), dim: z.number().int().positive(), preprocessing: z.string() })
const suffix = '.model.json'

/** Short name of a key in file names; a change of any part of it makes another. */
export function modelKeyId({ sha256, dim, preprocessing }: ModelKey): string {
  return createHash('sha256').update(JSON.stringify([sha256, dim, preprocessing])).digest('hex').slice(0, 12)
}

/** @throws EngineError DISK */
export async function saveModelKey(folder: string, key: ModelKey): Promise<void> {
  await saveFile(join(folder, `${modelKeyId(key)}${suffix}`), `${JSON.stringify({ sha256: key.sha256, dim: key.dim, preprocessing: key.preprocessing })}\n`)
}

async function readModelKey(path: string): Promise<ModelKey | undefined> {
  try {
    return keySchema.safeParse(JSON.parse(await readFile(path, 'utf8'))).data
  } catch {
    // It is written again when its model is used.
    return undefined
  }
}

/** Whether the key of a model is written down and whole. */
export async function hasModelKey(folder: string, key: ModelKey): Promise<boolean> {
  return (await readModelKey(join(folder, `${modelKeyId(key)}${suffix}`))) !== undefined
}

/** Keys that are written down and whole, in the order of their names. */
export async function listModelKeys(folder: string): Promise<readonly ModelKey[]> {
  const names = await readdir(folder).catch((): string[] => [])
  const keys = await Promise.all(names.filter((name) => name.endsWith(suffix)).sort().map((name) => readModelKey(join(folder, name))))
  return keys.filter((key) => key !== undefined)
}
