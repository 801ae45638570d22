/** @file A batch run picture by picture, and its results as if it had been one run. */
import type { DTypeArrays, Tensor } from '../tensor'
import type { PatchBatch } from './backbone'

/** What a session gives, by name. */
export type Results = Readonly<Record<string, Tensor>>

/** Every picture of a batch as a batch of its own. */
export function picturesOf({ count, grid, patches }: PatchBatch): PatchBatch[] {
  const numbers = patches.length / count
  return Array.from({ length: count }, (_, index) => ({ count: 1, grid, patches: patches.subarray(index * numbers, (index + 1) * numbers) }))
}

/** Results of one picture each, put together along the first axis. All of them are float32, of the same shape. */
export function joined(parts: readonly Results[]): Results {
  const [first = {}] = parts
  return Object.fromEntries(
    Object.entries(first).map(([name, { dtype, shape, data: one }]): [string, Tensor] => {
      const data = new Float32Array(one.length * parts.length)
      parts.forEach((part, index) => { data.set(part[name]?.data as DTypeArrays['float32'], index * one.length) })
      return [name, { dtype, shape: [parts.length, ...shape.slice(1)], data }]
    }),
  )
}
