/** @file Colour bases of a workspace on the disk, a file each. */
import { randomBytes } from 'node:crypto'
import { readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { EngineError, messageOf, type ColourBasisInfo } from '../contract'
import type { ColourBasis } from '../dense'
import { isPartialName, readRegularFile, saveFile } from '../files'
import type { ModelKey } from '../library'

export interface StoredColours {
  readonly info: Omit<ColourBasisInfo, 'explained'>
  /** Weights and preparation whose tokens it colours. */
  readonly key: ModelKey
  readonly colours: ColourBasis
}

export interface ColourBases {
  /** Newest first. One that is damaged is told in the log, moved aside and left out. */
  list(): Promise<readonly StoredColours[]>
  /** @throws EngineError NOT_FOUND */
  find(basisId: string): Promise<StoredColours>
  /** On the disk when it resolves. @throws EngineError ALREADY_EXISTS when the model has one of this name, DISK */
  add(basis: Omit<StoredColours, 'info'> & { readonly info: Omit<StoredColours['info'], 'basisId'> }): Promise<StoredColours>
  /** @throws EngineError NOT_FOUND, ALREADY_EXISTS, DISK */
  rename(basisId: string, name: string): Promise<StoredColours>
  /** @throws EngineError NOT_FOUND, DISK */
  remove(basisId: string): Promise<void>
}

const version = 1
/** Three directions of tokens of 1536 numbers take some 100 KB as text. */
const largestFile = 2 ** 22
const basisFile = /^([0-9a-f]{24})\.json$/
const channels = 3

const three = z.array(z.number()).length(channels)
const stored = z
  .strictObject({
    version: z.literal(version),
    info: z.strictObject({ name: z.string().min(1).max(200), modelId: z.string(), createdAt: z.string(), pictures: z.int().min(0), patches: z.int().min(0) }),
    key: z.strictObject({ sha256: z.string(), dim: z.int().min(1), preprocessing: z.string() }),
    axes: z.array(z.number()),
    offsets: three,
    low: three,
    high: three,
    explained: three,
  })
  .refine(({ axes, key }) => axes.length === channels * key.dim, 'its axes are not as long as its tokens')

function textOf({ info: { basisId: _basisId, ...info }, key, colours }: StoredColours): string {
  const { dim: _dim, axes, ...rest } = colours
  return `${JSON.stringify({ version, info, key, axes: Array.from(axes), ...rest })}\n`
}

/** @param log of what was found damaged */
export function createColourBases(root: string, log: (line: string) => void): ColourBases {
  let reading: Promise<Map<string, StoredColours>> | undefined
  const pathOf = (basisId: string): string => join(root, `${basisId}.json`)
  const readAll = async (): Promise<Map<string, StoredColours>> => {
    const known = new Map<string, StoredColours>()
    for (const name of await readdir(root).catch(() => [])) {
      if (isPartialName(name)) await rm(join(root, name), { force: true }).catch(() => undefined)
      const basisId = basisFile.exec(name)?.[1]
      if (basisId === undefined) continue
      try {
        const { info, key, axes, version: _version, ...rest } = stored.parse(JSON.parse((await readRegularFile(pathOf(basisId), largestFile)).toString('utf8')))
        known.set(basisId, { info: { basisId, ...info }, key, colours: { dim: key.dim, axes: Float32Array.from(axes), ...rest } })
      } catch (error) {
        const aside = `${name}.corrupt-${Date.now()}`
        await rename(join(root, name), join(root, aside)).catch(() => undefined)
        log(`the colour basis ${name} is damaged and was moved aside to ${aside}: ${messageOf(error)}`)
      }
    }
    return known
  }
  const all = (): Promise<Map<string, StoredColours>> => (reading ??= readAll())
  const require = async (basisId: string): Promise<StoredColours> => {
    const found = (await all()).get(basisId)
    if (found === undefined) throw new EngineError('NOT_FOUND', 'there are no colours with this id', { detail: { basisId } })
    return found
  }
  const save = async (basis: StoredColours): Promise<StoredColours> => {
    const { basisId, name } = basis.info
    const known = await all()
    for (const other of known.values())
      if (other.info.basisId !== basisId && other.key.sha256 === basis.key.sha256 && other.info.name.toLowerCase() === name.toLowerCase())
        throw new EngineError('ALREADY_EXISTS', `there are colours named ${JSON.stringify(other.info.name)} already; choose another name`, { detail: { name } })
    await saveFile(pathOf(basisId), textOf(basis))
    known.set(basisId, basis)
    return basis
  }
  // One after the other, so that two do not take one name.
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const run = last.then(work)
    last = run.catch(() => undefined)
    return run
  }
  return {
    list: async () => [...(await all()).values()].sort((a, b) => b.info.createdAt.localeCompare(a.info.createdAt) || a.info.basisId.localeCompare(b.info.basisId)),
    find: require,
    add: (basis) => inTurn(() => save({ ...basis, info: { basisId: randomBytes(12).toString('hex'), ...basis.info } })),
    rename: (basisId, name) =>
      inTurn(async () => {
        const basis = await require(basisId)
        return save({ ...basis, info: { ...basis.info, name } })
      }),
    remove: (basisId) =>
      inTurn(async () => {
        await require(basisId)
        await rm(pathOf(basisId), { force: true }).catch((error: unknown) => {
          throw new EngineError('DISK', `${pathOf(basisId)} cannot be deleted: ${messageOf(error)}`, { detail: { path: pathOf(basisId) }, cause: error })
        })
        ;(await all()).delete(basisId)
      }),
  }
}
