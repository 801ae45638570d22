/** @file Finds the files of something a person wants to import: one weights file, or a folder in a known form. */
import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { z } from 'zod'
import { EngineError, messageOf } from '../../contract'
import { readRegularFile } from '../../files'
import { printable } from '../bytes/printable'
import { manifestFile } from './manifest'

/** Where to read a model from. Paths of files are real paths. */
export type ModelSource =
  | { readonly kind: 'model-folder'; readonly path: string; readonly folder: string }
  | {
      readonly kind: 'weights'
      /** What was asked for. */
      readonly path: string
      /** One file, or the shards of one model. */
      readonly files: readonly string[]
      readonly configFile: string | undefined
      readonly preprocessorFile: string | undefined
      /** Whether the config file was found in a folder that was chosen as a whole. */
      readonly configDescribesWeights: boolean
    }

const weightNames = [
  'model.safetensors',
  'model.safetensors.index.json',
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
  'weights.safetensors',
  'weights.pth',
] as const
const weightExtensions = new Set(['.safetensors', '.pth', '.pt', '.bin'])
const maximumTextBytes = 8 * 2 ** 20

/**
 * Looks at `path` and decides what it is.
 * @throws EngineError SOURCE_UNAVAILABLE when it is not there, MODEL_UNSUPPORTED when a folder holds no model
 */
export async function findModelSource(path: string): Promise<ModelSource> {
  const real = await realPath(path)
  const isFolder = await orUnavailable(path, async () => (await stat(real)).isDirectory())
  const names = isFolder ? await orUnavailable(path, () => readdir(real)) : []
  if (names.includes(manifestFile)) return { kind: 'model-folder', path, folder: real }
  // What lies beside a file that was named by a link is what lies beside the link: Hugging Face's cache is made of links.
  const beside = async (name: string): Promise<string | undefined> => realpath(join(isFolder ? path : dirname(path), name)).catch(() => undefined)
  return {
    kind: 'weights',
    path,
    files: isFolder ? await weightsOfFolder(path, names) : [real],
    configFile: await beside('config.json'),
    preprocessorFile: await beside('preprocessor_config.json'),
    configDescribesWeights: isFolder,
  }
}

async function weightsOfFolder(folder: string, names: readonly string[]): Promise<readonly string[]> {
  const known = weightNames.find((name) => names.includes(name))
  const candidates = names.filter((name) => weightExtensions.has(extname(name).toLowerCase()))
  const chosen = known ?? (candidates.length === 1 ? candidates[0] : undefined)
  if (chosen === undefined) {
    const found = candidates.length === 0 ? 'no weights file' : `several weights files (${candidates.slice(0, 5).map(printable).join(', ')})`
    throw new EngineError('MODEL_UNSUPPORTED', `${folder} has ${found}; expected were ${weightNames.join(', ')} or one file of that kind`, {
      detail: { path: folder },
    })
  }
  const path = await realPath(join(folder, chosen))
  return chosen.endsWith('.index.json') ? shardsOf(folder, path) : [path]
}

const shardIndex = z.object({ weight_map: z.record(z.string(), z.string()) })

/** The files of a sharded model, which lie beside its index. */
async function shardsOf(folder: string, indexPath: string): Promise<readonly string[]> {
  const result = shardIndex.safeParse(parseJson(await readText(indexPath)))
  if (!result.success) throw new EngineError('MODEL_HEADER', `${indexPath} is not an index of shards`, { detail: { path: indexPath } })
  const shards = [...new Set(Object.values(result.data.weight_map))].sort()
  const foreign = shards.find((name) => name !== basename(name) || name.includes('\\') || name.startsWith('.'))
  if (foreign !== undefined || shards.length === 0)
    throw new EngineError(
      'MODEL_HEADER',
      `${indexPath} names ${foreign === undefined ? 'no shard' : `the shard ${printable(foreign)}, which is not a file beside it`}`,
      { detail: { path: indexPath } },
    )
  return Promise.all(shards.map((name) => realPath(join(folder, name))))
}

/**
 * Reads a small text file.
 * @throws EngineError NOT_A_FILE, SOURCE_UNAVAILABLE, BAD_REQUEST when it is larger than such a file ever is
 */
export async function readText(path: string): Promise<string> {
  return (await readRegularFile(path, maximumTextBytes)).toString('utf8')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function realPath(path: string): Promise<string> {
  return orUnavailable(path, () => realpath(path))
}

async function orUnavailable<T>(path: string, look: () => Promise<T>): Promise<T> {
  try {
    return await look()
  } catch (cause) {
    throw new EngineError('SOURCE_UNAVAILABLE', `${path} cannot be opened: ${messageOf(cause)}`, { detail: { path }, cause })
  }
}

/** What a file that is named by itself may end in; in a folder, an .onnx file lies beside the weights it was made from. */
const fileExtensions = new Set([...weightExtensions, '.onnx'])

/** File names that say nothing of the model. */
const generic = new Set(['model', 'pytorch_model', 'weights', 'checkpoint', 'teacher_checkpoint', 'backbone'])
const huggingFaceCache = /^models--(.+)$/

/** A name for people, from the file or, where that says nothing, from its folder. */
export function nameOfSource(path: string): string {
  const parts = path.split(/[\\/]/).filter((part) => part !== '')
  const cached = parts.map((part) => huggingFaceCache.exec(part)?.[1]).find((part) => part !== undefined)
  if (cached !== undefined) return cached.split('--').at(-1) ?? cached
  const last = parts.at(-1) ?? 'model'
  const stem = fileExtensions.has(extname(last).toLowerCase()) ? basename(last, extname(last)) : last
  return generic.has(stem) && parts.length > 1 ? (parts.at(-2) ?? stem) : stem
}
