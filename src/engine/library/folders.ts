/** @file Which folders were opened and when: a small file beside the index, which knows what lies in them. */
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { z } from 'zod'
import { EngineError, type FolderInfo } from '../contract'
import { saveFile } from '../files'
import { requireFolder } from './scan'
import type { FileTable } from './store/store'

/** Folders that were opened before. */
export interface Folders {
  /** Whether a folder, by its real path, was opened before. */
  isKnown(root: string): Promise<boolean>
  /** Writes down that a folder is opened now. @throws EngineError DISK */
  opened(root: string): Promise<void>
  /** Newest first. */
  list(): Promise<readonly FolderInfo[]>
  /** Forgets a folder and its files. @throws EngineError NOT_FOUND, DISK */
  forget(root: string): Promise<void>
}

const schema = z.object({ schema: z.literal(1), folders: z.array(z.object({ path: z.string(), openedAt: z.iso.datetime() })) })
type Entry = z.infer<typeof schema>['folders'][number]

/** A drive of the network that does not answer would hold up the list; it is as good as absent. */
const answerMs = 1_000
/** Of a folder that the index knows and the file does not, after that was damaged. */
const longAgo = new Date(0).toISOString()

async function isOnline(path: string): Promise<boolean> {
  const reachable = requireFolder(path).then(
    () => true,
    () => false,
  )
  return Promise.race([reachable, setTimeout(answerMs, false, { ref: false })])
}

/** The list in `file`; when that is damaged, only the times in it are lost. */
export function createFolders(file: string, files: Pick<FileTable, 'roots' | 'forget'>): Folders {
  let queue: Promise<unknown> = Promise.resolve()

  const read = async (): Promise<readonly Entry[]> => {
    try {
      return schema.parse(JSON.parse(await readFile(file, 'utf8'))).folders
    } catch {
      return []
    }
  }
  /** One change after the other. */
  const change = (edit: (entries: readonly Entry[]) => readonly Entry[]): Promise<void> => {
    const changed = queue.then(async () => {
      await saveFile(file, `${JSON.stringify({ schema: 1, folders: edit(await read()) }, undefined, 2)}\n`)
    })
    queue = changed.catch(() => undefined)
    return changed
  }
  const known = async (): Promise<ReadonlyMap<string, { readonly openedAt: string; readonly images: number }>> => {
    const [opened, roots] = await Promise.all([read(), files.roots()])
    const images = new Map(roots.map((root) => [root.root, root.files]))
    const times = new Map(opened.map(({ path, openedAt }) => [path, openedAt]))
    return new Map([...new Set([...times.keys(), ...images.keys()])].map((path) => [path, { openedAt: times.get(path) ?? longAgo, images: images.get(path) ?? 0 }]))
  }

  return {
    isKnown: async (root) => (await known()).has(root),
    opened: (root) => change((entries) => [{ path: root, openedAt: new Date().toISOString() }, ...entries.filter(({ path }) => path !== root)]),
    list: async () => {
      const folders = await Promise.all([...(await known())].map(async ([path, facts]) => ({ path, name: basename(path) || path, ...facts, online: await isOnline(path) })))
      return folders.sort((a, b) => (a.openedAt < b.openedAt ? 1 : a.openedAt > b.openedAt ? -1 : a.path < b.path ? -1 : 1))
    },
    forget: async (root) => {
      if (!(await known()).has(root)) throw new EngineError('NOT_FOUND', `${root} is not among the folders that were opened`, { detail: { path: root } })
      await files.forget(root)
      await change((entries) => entries.filter(({ path }) => path !== root))
    },
  }
}
