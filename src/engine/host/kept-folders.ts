/** @file Things of a workspace on the disk that are a folder each: read when they are first wanted, changed one after the other. */
import { readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { EngineError, messageOf } from '../contract'

export interface KeptFoldersOptions<T> {
  readonly root: string
  /** What one of them is called, for messages. */
  readonly what: string
  /** The file without which a folder is none of them. */
  readonly mainFile: string
  idOf(one: T): string
  createdAt(one: T): string
  /** @throws Error when it is not as it was written */
  read(folder: string): Promise<T>
  write(folder: string, one: T): Promise<void>
  /** Of what was found damaged. */
  log(line: string): void
}

export interface KeptFolders<T> {
  /** Newest first. One that is damaged is told in the log, moved aside and left out. */
  list(): Promise<readonly T[]>
  /** @throws EngineError NOT_FOUND */
  find(id: string): Promise<T>
  /** On the disk when it resolves. @throws EngineError DISK */
  add(one: T): Promise<void>
  /** One change after the other. @throws EngineError NOT_FOUND, DISK, and what `change` throws */
  change(id: string, change: (one: T) => Promise<T>): Promise<T>
  /** @throws EngineError NOT_FOUND, DISK */
  remove(id: string): Promise<void>
}

const isId = (name: string): boolean => /^[0-9a-f]{24}$/.test(name)

export function createKeptFolders<T>({ root, what, mainFile, idOf, createdAt, read, write, log }: KeptFoldersOptions<T>): KeptFolders<T> {
  let reading: Promise<Map<string, T>> | undefined
  const readAll = async (): Promise<Map<string, T>> => {
    const known = new Map<string, T>()
    for (const name of (await readdir(root).catch(() => [])).filter(isId)) {
      try {
        known.set(name, await read(join(root, name)))
      } catch (error) {
        const aside = `${name}.corrupt-${Date.now()}`
        await rename(join(root, name), join(root, aside)).catch(() => undefined)
        log(`${what} ${name} is damaged and was moved aside to ${aside}: ${messageOf(error)}`)
      }
    }
    return known
  }
  const all = (): Promise<Map<string, T>> => (reading ??= readAll())
  const require = async (id: string): Promise<T> => {
    const found = (await all()).get(id)
    if (found === undefined) throw new EngineError('NOT_FOUND', `there is no ${what} with this id`, { detail: { id } })
    return found
  }
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <R>(work: () => Promise<R>): Promise<R> => {
    const run = last.then(work)
    last = run.catch(() => undefined)
    return run
  }
  const save = async (one: T): Promise<void> => {
    await write(join(root, idOf(one)), one)
    ;(await all()).set(idOf(one), one)
  }
  return {
    list: async () => [...(await all()).values()].sort((a, b) => createdAt(b).localeCompare(createdAt(a)) || idOf(a).localeCompare(idOf(b))),
    find: require,
    add: (one) => inTurn(() => save(one)),
    change: (id, change) =>
      inTurn(async () => {
        const changed = await change(await require(id))
        await save(changed)
        return changed
      }),
    remove: (id) =>
      inTurn(async () => {
        await require(id)
        // Without its description it is none, should the rest not go at once.
        await rm(join(root, id, mainFile), { force: true })
        await rm(join(root, id), { recursive: true, force: true })
        ;(await all()).delete(id)
      }),
  }
}
