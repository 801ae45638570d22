/** @file A look into one folder for whoever chooses where to go: its sub-folders, and what is worth opening in it. */
import { opendir, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { EngineError, messageOf, type DirectoryListing } from '../contract'
import { isHiddenName, isPictureName, naturalKey } from './names'

const modelName = /\.(?:pth|pt|bin|safetensors|onnx)$/i

/** Whether a link leads to a folder; people do keep their pictures behind links, and choosing one is their own decision. */
async function leadsToFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  )
}

function inNaturalOrder(names: readonly string[]): string[] {
  return names
    .map((name) => ({ name, key: naturalKey(name) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.name < b.name ? -1 : 1))
    .map(({ name }) => name)
}

/**
 * Lists a folder, the home folder when none is given: names of sub-folders in natural order, hidden ones left out, and how
 * many pictures lie directly in it. Names that are not UTF-8 cannot be asked for by path and are left out.
 * @throws EngineError SOURCE_UNAVAILABLE when it cannot be read, BAD_REQUEST when the path is not absolute
 */
export async function browseFolder(path: string | undefined): Promise<DirectoryListing> {
  const folder = path ?? homedir()
  if (!isAbsolute(folder)) throw new EngineError('BAD_REQUEST', `browseFolder: ${folder} is not an absolute path`, { detail: { path: folder } })
  const directories: string[] = []
  const modelFiles: string[] = []
  let imageCount = 0
  try {
    for await (const entry of await opendir(folder)) {
      if (isHiddenName(entry.name) || entry.name.includes('\ufffd')) continue
      if (entry.isDirectory() || (entry.isSymbolicLink() && (await leadsToFolder(join(folder, entry.name))))) directories.push(entry.name)
      else if (entry.isFile() && isPictureName(entry.name)) imageCount += 1
      else if (entry.isFile() && modelName.test(entry.name)) modelFiles.push(entry.name)
    }
  } catch (error) {
    throw new EngineError('SOURCE_UNAVAILABLE', `${folder} cannot be listed: ${messageOf(error)}`, { detail: { path: folder }, cause: error })
  }
  const here = resolve(folder)
  const parent = dirname(here)
  return { path: here, parent: parent === here ? undefined : parent, directories: inNaturalOrder(directories), imageCount, modelFiles: inNaturalOrder(modelFiles) }
}
