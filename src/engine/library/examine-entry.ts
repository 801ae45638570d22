/** @file What one entry of a folder is: a picture by name, something to be told about, a folder, or nothing of concern. Opens nothing. */
import type { BigIntStats } from 'node:fs'
import { lstat, realpath } from 'node:fs/promises'
import { sep } from 'node:path'
import type { FileProblem } from '../contract'
import type { FilePath } from '../files'
import type { FoundFile } from './library'
import type { EntryKind } from './list-folder'
import { childPath, isHiddenName, isPictureName, showName, type RawName } from './names'
import { stampOf } from './stamp'

/** A folder below the scanned one, or that one itself. */
export interface ScanFolder {
  readonly path: FilePath
  /** Below the scanned folder, with a trailing `/`; empty for the scanned folder itself. */
  readonly prefix: string
}

export type Examined =
  | { readonly kind: 'picture'; readonly file: FoundFile; readonly stats: BigIntStats }
  | { readonly kind: 'problem'; readonly problem: FileProblem }
  | { readonly kind: 'folder'; readonly folder: ScanFolder }
  /** Not there. */
  | { readonly kind: 'absent' }
  /** There, and no concern of ours. */
  | { readonly kind: 'nothing' }

const problem = (relativePath: string, reason: string): Examined => ({ kind: 'problem', problem: { relativePath, code: 'NOT_A_FILE', reason } })

/** Why a link is left out; nothing where it promises no pictures and so is nobody's concern. */
async function examineLink(path: FilePath, raw: RawName, relativePath: string, root: string): Promise<Examined> {
  const isPicture = isPictureName(raw)
  try {
    const target = await realpath(path)
    if (!isPicture && !(await lstat(target)).isDirectory()) return { kind: 'nothing' }
    const leaves = target !== root && !target.startsWith(root + sep)
    return problem(relativePath, leaves ? 'a link that leaves the opened folder; links are not followed' : 'a link; what it leads to is listed where it lies')
  } catch {
    return isPicture ? problem(relativePath, 'a link that leads nowhere') : { kind: 'nothing' }
  }
}

/**
 * Examines an entry that a listing gave as a candidate.
 * @param shown `showName(raw)`, which the listing has made already
 * @param kind as the listing gave it; a file is looked at anew
 * @param root real path of the scanned folder
 */
export async function examineCandidate(root: string, folder: ScanFolder, { raw, shown, kind }: { readonly raw: RawName; readonly shown: string; readonly kind: EntryKind }): Promise<Examined> {
  const relativePath = folder.prefix + shown
  const path = childPath(folder.path, raw)
  if (kind === 'link') return examineLink(path, raw, relativePath, root)
  if (kind === 'folder') return problem(relativePath, 'a folder with a picture’s name; the pictures in it are listed')
  const stats = await lstat(path, { bigint: true }).catch(() => undefined)
  if (stats === undefined) return { kind: 'absent' }
  if (!stats.isFile()) return problem(relativePath, 'not a file but a pipe, a socket, a device or a link')
  return { kind: 'picture', file: { path, name: shown, relativePath, ...stampOf(stats) }, stats }
}

/** Examines an entry of which only the name is known. */
export async function examineName(root: string, folder: ScanFolder, raw: RawName): Promise<Examined> {
  const path = childPath(folder.path, raw)
  const stats = await lstat(path).catch(() => undefined)
  if (stats === undefined) return { kind: 'absent' }
  const shown = showName(raw)
  if (stats.isDirectory()) return isHiddenName(raw) ? { kind: 'nothing' } : { kind: 'folder', folder: { path, prefix: `${folder.prefix}${shown}/` } }
  if (stats.isSymbolicLink()) return isHiddenName(raw) ? { kind: 'nothing' } : examineLink(path, raw, folder.prefix + shown, root)
  return isPictureName(raw) ? examineCandidate(root, folder, { raw, shown, kind: stats.isFile() ? 'file' : 'special' }) : { kind: 'nothing' }
}
