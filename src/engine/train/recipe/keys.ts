/** @file The keys a recipe has, and a guess at what an unknown one was meant to be. */
import { methodDefaults } from './defaults'
import { isPlainMap } from './merge'
import { keyNotes, unsupportedKeys } from './notes'

/** Dotted paths of all keys with a value, in the order of the file. */
export const keyPaths: readonly string[] = leavesOf(methodDefaults('dino'), '')

const groups: readonly string[] = [...new Set(keyPaths.flatMap((path) => path.split('.').slice(0, -1).map((_, index, parts) => parts.slice(0, index + 1).join('.'))))]
/** What groups are called elsewhere. */
const groupNames: ReadonlyMap<string, string> = new Map([
  ['student', 'model'],
  ['optim', 'optimiser'],
  ['train', 'run'],
  ['evaluation', 'watch'],
  ['masks', 'ibot'],
  ['head', 'dino'],
  ['loss', 'dino'],
])

function leavesOf(value: unknown, path: string): readonly string[] {
  if (!isPlainMap(value)) return [path]
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, path === '' ? key : `${path}.${key}`))
}

/** What to do about the unknown key at `path`: where it belongs, why it is not supported, or what is spelled like it; '' where nothing is near. */
export function unknownKeyHint(path: string): string {
  const name = path.split('.').at(-1) ?? path
  const group = groupNames.get(name)
  if (group !== undefined && !path.includes('.')) return `; the group is called ${group} here`
  const unsupported = unsupportedKeys.find(({ names }) => names.includes(name))
  if (unsupported !== undefined) return `; not supported: ${unsupported.why}`
  const meant = elsewhereCalled(name) ?? nearest(path)
  return meant === undefined ? '' : `; did you mean ${meant}?`
}

/** Our key for a name of the references, or for one of our own in another group. */
function elsewhereCalled(name: string): string | undefined {
  const same = (called: string | undefined): boolean => called === `--${name}` || (called?.split(', ').some((key) => key.split('.').at(-1) === name) ?? false)
  return keyPaths.find((path) => path.split('.').at(-1) === name || same(keyNotes[path]?.dino) || same(keyNotes[path]?.dinov2))
}

/** The key spelled most like the last part of `path`, one of the same group before others. */
function nearest(path: string): string | undefined {
  const name = path.split('.').at(-1) ?? path
  const scored = ['preset', ...keyPaths, ...groups].map((known) => {
    const distance = editDistance(name, known.split('.').at(-1) ?? known)
    return { known, distance, rank: distance + (sameGroup(path, known) ? 0 : 0.5) }
  })
  const best = scored.reduce((one, other) => (other.rank < one.rank ? other : one))
  return best.distance <= Math.max(2, Math.floor(name.length / 3)) ? best.known : undefined
}

function sameGroup(path: string, known: string): boolean {
  return path.slice(0, path.lastIndexOf('.') + 1) === known.slice(0, known.lastIndexOf('.') + 1)
}

/** Of `names` the one spelled most like `name`. */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  return [...names].sort((a, b) => editDistance(name, a) - editDistance(name, b))[0]
}

/** Letters to insert, delete or replace (Levenshtein). Long names are cut: the text comes from a file. */
function editDistance(left: string, right: string): number {
  const a = left.slice(0, 64)
  const b = right.slice(0, 64)
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1]
    for (let j = 0; j < b.length; j++) next.push(Math.min(row[j + 1]! + 1, next[j]! + 1, row[j]! + (a[i] === b[j] ? 0 : 1)))
    row = next
  }
  return row[b.length]!
}
