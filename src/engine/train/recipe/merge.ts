/** @file Laying one part of a recipe over another. */

export type PlainMap = Readonly<Record<string, unknown>>

export function isPlainMap(value: unknown): value is PlainMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * `base` with what `overlay` says: groups are merged key by key, anything else is replaced whole. `null` takes back what
 * `base` says and puts the value of `defaults` in its place; `undefined` says nothing.
 */
export function mergeOver(base: unknown, overlay: unknown, defaults: unknown): unknown {
  if (overlay === undefined) return base
  if (overlay === null) return defaults ?? null
  if (!isPlainMap(overlay) || !isPlainMap(base)) return overlay
  const fallback = isPlainMap(defaults) ? defaults : {}
  const keys = new Set([...Object.keys(base), ...Object.keys(overlay)])
  return Object.fromEntries([...keys].map((key) => [key, mergeOver(own(base, key), own(overlay, key), own(fallback, key))]))
}

/**
 * Keys that take the place of others: who asks for epochs does not want the steps of the preset beneath, and who names an
 * architecture not the width of another.
 */
export function settle(overlay: PlainMap): PlainMap {
  const freed = (group: string, key: string, free: readonly string[], applies: (value: unknown) => boolean): PlainMap => {
    const keys = own(overlay, group)
    if (!isPlainMap(keys) || !applies(own(keys, key) ?? undefined)) return {}
    return { [group]: { ...Object.fromEntries(free.map((other) => [other, 'auto'])), ...keys } }
  }
  return {
    ...overlay,
    ...freed('run', 'epochs', ['steps'], (value) => value !== undefined),
    ...freed('model', 'arch', ['dim', 'depth', 'heads'], (value) => value !== undefined && value !== 'custom'),
  }
}

/** A key that the map itself has, not one that every object inherits. */
export function own(map: PlainMap, key: string): unknown {
  return Object.hasOwn(map, key) ? map[key] : undefined
}
