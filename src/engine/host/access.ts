/** @file Which paths a client may name: all, or those below one root. */
import { realpath } from 'node:fs/promises'
import { isAbsolute, relative, sep } from 'node:path'
import { EngineError, messageOf } from '../contract'

/** Whether `path` is `root` or lies below it. Both are real paths; a common beginning is not enough. */
export function isInside(root: string, path: string): boolean {
  const steps = relative(root, path)
  return steps === '' || (steps !== '..' && !steps.startsWith(`..${sep}`) && !isAbsolute(steps))
}

/**
 * Checks one path as the file system resolves it, links included.
 * @throws EngineError FORBIDDEN outside `root`, SOURCE_UNAVAILABLE where there is nothing
 */
export async function requireAccess(root: string | undefined, path: string): Promise<void> {
  if (root === undefined) return
  const [realRoot, realPath] = await Promise.all([root, path].map((name) => realpath(name))).catch((error: unknown) => {
    throw new EngineError('SOURCE_UNAVAILABLE', `${path} cannot be read: ${messageOf(error)}`, { detail: { path }, cause: error })
  })
  if (realRoot === undefined || realPath === undefined || !isInside(realRoot, realPath))
    throw new EngineError('FORBIDDEN', `${path} lies outside ${root}, the folder this server was started for`, { detail: { path, root } })
}
