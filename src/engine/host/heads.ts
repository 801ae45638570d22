/** @file The dense heads of a workspace: listed, imported, and a few of them ready to be used. */
import { EngineError, type HeadInfo, type JobContext, type Progress } from '../contract'
import { openHead, type OpenedHead } from '../inference'
import { createProgress } from '../progress'
import type { Runtime } from '../runtime'
import { headInfo, listHeads, readHead, readHeadFile, readHeadManifest, removeHead, renameHead, writeHead, type HeadDraft, type HeadImport, type HeadManifest, type HeadTensors } from '../weights'

export interface Heads {
  readonly root: string
  list(): Promise<readonly HeadInfo[]>
  /** @throws EngineError what reading a head throws, DISK */
  add(request: HeadImport, context: JobContext<Progress>): Promise<HeadInfo>
  /** A head that was trained here. @throws EngineError DISK */
  keep(draft: HeadDraft, tensors: HeadTensors): Promise<HeadInfo>
  /** What it is, without opening it. @throws EngineError NOT_FOUND */
  find(headId: string): Promise<HeadManifest>
  /** Ready to be used; the one used longest ago may be freed. @throws EngineError NOT_FOUND, MODEL_DAMAGED */
  open(headId: string): Promise<OpenedHead>
  /** @throws EngineError NOT_FOUND */
  rename(headId: string, name: string): Promise<HeadInfo>
  /** @throws EngineError NOT_FOUND */
  remove(headId: string): Promise<void>
  dispose(): Promise<void>
}

const keptOpen = 2

/** @param log of what cannot be read */
export function createHeads(root: string, runtime: () => Promise<Runtime>, log: (line: string) => void): Heads {
  const opened = new Map<string, Promise<OpenedHead>>()
  const load = async (headId: string): Promise<OpenedHead> => {
    const { manifest, tensors } = await readHead(root, headId)
    return openHead(await runtime(), manifest, tensors)
  }
  const forget = async (headId: string): Promise<void> => {
    const head = opened.get(headId)
    opened.delete(headId)
    await head?.then((one) => one.dispose()).catch(() => undefined)
  }
  return {
    root,
    list: async () => (await listHeads(root, log)).map(headInfo),
    add: async (request, { signal, emit }) => {
      const progress = createProgress('Import head', 1, emit)
      const { draft, tensors } = await readHeadFile(request)
      signal.throwIfAborted()
      const head = await writeHead(root, draft, tensors)
      progress.advance(1)
      progress.finish()
      return headInfo(head)
    },
    keep: async (draft, tensors) => headInfo(await writeHead(root, draft, tensors)),
    find: (headId) => readHeadManifest(root, headId),
    open: async (headId) => {
      const head = opened.get(headId) ?? load(headId)
      opened.delete(headId)
      opened.set(headId, head)
      const [oldest] = opened.keys()
      if (opened.size > keptOpen && oldest !== undefined) await forget(oldest)
      return head.catch((error: unknown) => {
        opened.delete(headId)
        throw error instanceof Error ? error : new EngineError('INTERNAL', String(error))
      })
    },
    rename: async (headId, name) => {
      const head = await renameHead(root, headId, name)
      await forget(headId)
      return headInfo(head)
    },
    remove: async (headId) => {
      await forget(headId)
      await removeHead(root, headId)
    },
    dispose: async () => {
      for (const headId of [...opened.keys()]) await forget(headId)
    },
  }
}
