/** @file Puts a hook before every operation that changes the disk, so that tests can make the k-th fail or end the process there. */
import type { FileHandle } from 'node:fs/promises'
import { createRequire, syncBuiltinESMExports } from 'node:module'

type Operation = (...values: readonly unknown[]) => Promise<unknown>

const fileOperations = ['mkdir', 'open', 'writeFile', 'rename', 'link', 'rm', 'rmdir'] as const
const handleOperations: ReadonlySet<unknown> = new Set(['write', 'writeFile', 'sync', 'truncate'])

function hooked(handle: FileHandle, before: (operation: string) => void): FileHandle {
  return new Proxy(handle, {
    get: (target, key): unknown => {
      const value: unknown = Reflect.get(target, key, target)
      if (typeof value !== 'function') return value
      const bound = (value as Operation).bind(target)
      if (!handleOperations.has(key)) return bound
      return async (...values: readonly unknown[]) => {
        before(`handle.${String(key)}`)
        return bound(...values)
      }
    },
  })
}

/** Calls `before` ahead of each operation; what it throws is what the operation fails with. Gives back how to end that. */
export function interceptFs(before: (operation: string) => void): () => void {
  const fs = createRequire(import.meta.url)('node:fs/promises') as Record<string, Operation>
  const originals = new Map<string, Operation>()
  for (const name of fileOperations) {
    const original = fs[name]
    if (original === undefined) continue
    originals.set(name, original)
    fs[name] = async (...values) => {
      before(name)
      const result = await original(...values)
      return name === 'open' ? hooked(result as FileHandle, before) : result
    }
  }
  syncBuiltinESMExports()
  return () => {
    for (const [name, original] of originals) fs[name] = original
    syncBuiltinESMExports()
  }
}

/** What the operating system would say. */
export function systemError(code: string, syscall: string): Error {
  return Object.assign(new Error(`${code}: made to fail, ${syscall}`), { code, syscall })
}
