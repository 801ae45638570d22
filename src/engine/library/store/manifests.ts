/** @file The manifests of a table: each names one version of it, and the newest is the table. */
import { readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { syncFolder } from '../../files'

/** Manifests are named so that the newest sorts first. Source: lance-table, ManifestNamingScheme::V2. */
const namePattern = /^(\d{20})\.manifest$/
const highest = 2n ** 64n - 1n
/** Where the manifest's own message begins (u64), the format (2 × u16), and the magic. Source: lance-io, write_struct. */
const footerBytes = 16
const magic = 'LANC'
const hintFile = 'latest_version_hint.json'

export interface ManifestFile {
  readonly path: string
  readonly version: number
}

/** Newest first; none where there is no table. */
export async function listManifests(tableFolder: string): Promise<readonly ManifestFile[]> {
  const folder = join(tableFolder, '_versions')
  const names = await readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  })
  return names
    .flatMap((name) => {
      const digits = namePattern.exec(name)?.[1]
      return digits === undefined ? [] : [{ path: join(folder, name), version: Number(highest - BigInt(digits)) }]
    })
    .sort((left, right) => right.version - left.version)
}

/**
 * Whether a manifest was written to its end: LanceDB itself takes one full of zeros for a table without columns.
 * @throws what the file system says: that tells nothing about the manifest
 */
export async function isWholeManifest({ path }: ManifestFile): Promise<boolean> {
  const content = await readFile(path)
  if (content.length < footerBytes) return false
  const footer = content.subarray(content.length - footerBytes)
  const start = Number(footer.readBigUInt64LE())
  if (footer.toString('latin1', footerBytes - magic.length) !== magic || start + 4 > content.length - footerBytes) return false
  const length = content.readUInt32LE(start)
  return length > 0 && start + 4 + length === content.length - footerBytes
}

/** Puts a damaged manifest aside, never away, so that the one before it is the newest. */
export async function setManifestAside({ path }: ManifestFile): Promise<string> {
  const first = `${path}.corrupt`
  const aside = (await stat(first).catch(() => undefined)) === undefined ? first : `${first}-${Date.now()}`
  await rename(path, aside)
  const folder = join(path, '..')
  // It would name the version that is no more.
  await rm(join(folder, hintFile), { force: true })
  await syncFolder(folder)
  return aside
}
