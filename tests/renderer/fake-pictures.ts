/** @file What the invented engines share: pictures that are only names and sizes, numbers from names, and progress. */
import type { Progress } from '../../src/engine/contract'

export interface FakePicture {
  readonly id: string
  readonly relativePath: string
  readonly width: number
  readonly height: number
  readonly sizeBytes: number
  readonly modifiedMs: number
  /** Why it cannot be decoded. */
  readonly broken?: string
}

export const fakePicture = (name: string, changes: Partial<FakePicture> = {}): FakePicture => ({
  id: `id-${name}`,
  relativePath: name,
  width: 640,
  height: 480,
  sizeBytes: 1000,
  modifiedMs: 0,
  ...changes,
})

export const progressOf = (title: string, done: number, total: number, ratePerSecond?: number): Progress => ({
  kind: 'progress',
  title,
  done,
  total,
  value: total === 0 ? 1 : done / total,
  ratePerSecond,
  etaMs: ratePerSecond === undefined ? undefined : ((total - done) / ratePerSecond) * 1000,
})

/** A number in 0..1 that depends on the text alone. */
export function fraction(text: string): number {
  let hash = 2166136261
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 16777619)
  hash ^= hash >>> 15
  return ((hash >>> 0) % 9973) / 9973
}
