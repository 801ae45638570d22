/** @file Selections and tags of a workspace on the disk, a file each: pictures under a name, known by their content. */
import { randomBytes } from 'node:crypto'
import { readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { EngineError, messageOf, type SetKind } from '../contract'
import { isPartialName, readRegularFile, saveFile } from '../files'

export interface PictureSet {
  readonly setId: string
  readonly kind: SetKind
  readonly name: string
  /** ISO 8601. */
  readonly changedAt: string
  /** sha256 of each content, hex; sorted, each once. */
  readonly hashes: readonly string[]
}

export type PictureSetChange =
  | { readonly kind: 'rename'; readonly name: string }
  | { readonly kind: 'add' | 'take' | 'replace'; readonly hashes: readonly string[] }

export interface PictureSets {
  /** By kind and name. One that is damaged is told in the log, moved aside and left out. */
  list(): Promise<readonly PictureSet[]>
  /** @throws EngineError NOT_FOUND */
  find(setId: string): Promise<PictureSet>
  /** @throws EngineError ALREADY_EXISTS when the kind has this name, DISK */
  create(kind: SetKind, name: string, hashes: readonly string[]): Promise<PictureSet>
  /** @throws EngineError NOT_FOUND, ALREADY_EXISTS, DISK */
  change(setId: string, change: PictureSetChange): Promise<PictureSet>
  /** It is kept in memory until the engine ends. @throws EngineError NOT_FOUND, DISK */
  remove(setId: string): Promise<void>
  /** Brings back what was removed. @throws EngineError NOT_FOUND, ALREADY_EXISTS when its name was given to another meanwhile, DISK */
  restore(setId: string): Promise<PictureSet>
}

const version = 1
/** Contents of four million pictures. */
const largestFile = 2 ** 28
const setFile = /^([0-9a-f]{24})\.json$/

const stored = z.strictObject({
  version: z.literal(version),
  kind: z.enum(['selection', 'tag']),
  name: z.string().min(1).max(200),
  changedAt: z.string(),
  hashes: z.array(z.string().regex(/^[0-9a-f]{64}$/)),
})

const notFound = (setId: string): EngineError => new EngineError('NOT_FOUND', 'there is no selection or tag with this id', { detail: { setId } })
/** Names that look the same are the same. */
const nameKey = (kind: SetKind, name: string): string => `${kind} ${name.normalize('NFC').toLowerCase()}`

function changed(set: PictureSet, change: PictureSetChange): PictureSet {
  switch (change.kind) {
    case 'rename':
      return { ...set, name: change.name }
    case 'replace':
      return { ...set, hashes: change.hashes }
    case 'add':
      return { ...set, hashes: [...new Set([...set.hashes, ...change.hashes])].sort() }
    case 'take': {
      const taken = new Set(change.hashes)
      return { ...set, hashes: set.hashes.filter((hash) => !taken.has(hash)) }
    }
  }
}

/**
 * Sets below `root`, read when they are first wanted.
 * @param log of what was found damaged
 */
export function createPictureSets(root: string, log: (line: string) => void): PictureSets {
  let reading: Promise<Map<string, PictureSet>> | undefined
  const removed = new Map<string, PictureSet>()
  const pathOf = (setId: string): string => join(root, `${setId}.json`)

  const readAll = async (): Promise<Map<string, PictureSet>> => {
    const known = new Map<string, PictureSet>()
    for (const name of await readdir(root).catch(() => [])) {
      if (isPartialName(name)) await rm(join(root, name), { force: true }).catch(() => undefined)
      const setId = setFile.exec(name)?.[1]
      if (setId === undefined) continue
      try {
        const { version: _version, ...set } = stored.parse(JSON.parse((await readRegularFile(pathOf(setId), largestFile)).toString('utf8')))
        known.set(setId, { setId, ...set })
      } catch (error) {
        const aside = `${name}.corrupt-${Date.now()}`
        await rename(join(root, name), join(root, aside)).catch(() => undefined)
        log(`the selection or tag ${name} is damaged and was moved aside to ${aside}: ${messageOf(error)}`)
      }
    }
    return known
  }
  const all = (): Promise<Map<string, PictureSet>> => (reading ??= readAll())
  const require = async (setId: string): Promise<PictureSet> => {
    const set = (await all()).get(setId)
    if (set === undefined) throw notFound(setId)
    return set
  }
  const requireFreeName = async ({ setId, kind, name }: Pick<PictureSet, 'setId' | 'kind' | 'name'>): Promise<void> => {
    const key = nameKey(kind, name)
    for (const other of (await all()).values())
      if (other.setId !== setId && nameKey(other.kind, other.name) === key)
        throw new EngineError('ALREADY_EXISTS', `there is a ${kind} named ${JSON.stringify(other.name)} already; choose another name`, { detail: { name, setId: other.setId } })
  }
  const save = async (set: PictureSet): Promise<PictureSet> => {
    await requireFreeName(set)
    const { setId, ...rest } = set
    await saveFile(pathOf(setId), `${JSON.stringify({ version, ...rest })}\n`)
    ;(await all()).set(setId, set)
    return set
  }
  // One after the other, so that two changes at once do not lose one, nor two sets take one name.
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const run = last.then(work)
    last = run.catch(() => undefined)
    return run
  }
  const now = (): string => new Date().toISOString()

  return {
    list: async () => [...(await all()).values()].sort((a, b) => a.kind.localeCompare(b.kind) || a.name.localeCompare(b.name) || a.setId.localeCompare(b.setId)),
    find: require,
    create: (kind, name, hashes) => inTurn(() => save({ setId: randomBytes(12).toString('hex'), kind, name, changedAt: now(), hashes })),
    change: (setId, change) => inTurn(async () => save({ ...changed(await require(setId), change), changedAt: now() })),
    remove: (setId) =>
      inTurn(async () => {
        const set = await require(setId)
        await rm(pathOf(setId), { force: true }).catch((error: unknown) => {
          throw new EngineError('DISK', `${pathOf(setId)} cannot be deleted: ${messageOf(error)}`, { detail: { path: pathOf(setId) }, cause: error })
        })
        ;(await all()).delete(setId)
        removed.set(setId, set)
      }),
    restore: (setId) =>
      inTurn(async () => {
        const set = removed.get(setId)
        if (set === undefined) throw notFound(setId)
        await save(set)
        removed.delete(setId)
        return set
      }),
  }
}
