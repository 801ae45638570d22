/** @file Depths of a workspace on the disk, by the model and head that told them: three numbers of each picture, and a number of each patch. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { readRegularFile } from '../../files'
import { createContentRows, type ContentRows } from './content-rows'

export interface KeptDepths {
  /** Median, near and far of whole pictures, metres. @throws EngineError DISK */
  numbers(id: string): Promise<ContentRows>
  /** Mean of each patch of what the library is embedded at, metres. */
  patches(id: string, count: number): ContentRows
}

const numbersOfPicture = 3
/** Older workspaces have the numbers as one JSON object; they are brought over when they are first asked for. */
const oldNumbers = z.strictObject({ version: z.literal(1), numbers: z.record(z.string(), z.tuple([z.number(), z.number(), z.number()])) })
const largestOld = 2 ** 28

/** Undefined where there is none, or it is damaged: those are measured again. */
async function readOld(path: string): Promise<ReadonlyMap<string, Float32Array> | undefined> {
  try {
    const { numbers } = oldNumbers.parse(JSON.parse((await readRegularFile(path, largestOld)).toString('utf8')))
    return new Map(Object.entries(numbers).map(([hash, row]) => [hash, Float32Array.from(row)]))
  } catch {
    return undefined
  }
}

/** @param root folder of the files */
export function createKeptDepths(root: string): KeptDepths {
  const opened = new Map<string, ContentRows>()
  const broughtOver = new Map<string, Promise<void>>()
  const open = (name: string, width: number): ContentRows => {
    const rows = opened.get(name) ?? createContentRows(join(root, name), width)
    opened.set(name, rows)
    return rows
  }
  const bringOver = async (id: string, rows: ContentRows): Promise<void> => {
    const path = join(root, `${id}.json`)
    const old = await readOld(path)
    if (old === undefined) return
    await rows.append(old)
    await rm(path, { force: true })
  }
  return {
    numbers: async (id) => {
      const rows = open(`${id}.numbers`, numbersOfPicture)
      const brought = broughtOver.get(id) ?? bringOver(id, rows)
      broughtOver.set(id, brought)
      await brought.catch((error: unknown) => {
        broughtOver.delete(id)
        throw error
      })
      return rows
    },
    patches: (id, count) => open(`${id}.patches`, count),
  }
}
