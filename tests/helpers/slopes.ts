/** @file A loss and its gradients as a graph gives them, and the slopes of a plain function to hold them against. */
import { gradients } from '../../src/engine/autodiff'
import type { Value } from '../../src/engine/graph'
import type { Tensor } from '../../src/engine/tensor'
import { runGraph } from './run-graph'

/** A scalar and its derivatives by each of `by`, flat. */
export async function derive(
  loss: Value,
  by: readonly Value[],
  feeds: Readonly<Record<string, Tensor>>,
): Promise<{ readonly loss: number; readonly gradients: readonly (readonly number[])[] }> {
  const derived = gradients(loss, by)
  const results = await runGraph({ loss, ...Object.fromEntries(derived.map((value, index) => [`g${index}`, value])) }, feeds)
  const values = (name: string): number[] => Array.from(results[name]!.data as Float32Array)
  return { loss: values('loss')[0]!, gradients: derived.map((_, index) => values(`g${index}`)) }
}

/** Central differences in double precision of a function of a flat array. */
export function slopes(at: ArrayLike<number>, of: (values: readonly number[]) => number, step = 1e-5): number[] {
  const values = Array.from(at)
  const nudged = (element: number, by: number): number => of(values.map((value, index) => (index === element ? value + by : value)))
  return values.map((_, element) => (nudged(element, step) - nudged(element, -step)) / (2 * step))
}

/** A flat array as rows. */
export function rowsOf(values: ArrayLike<number>, columns: number): number[][] {
  return Array.from({ length: values.length / columns }, (_, row) => Array.from({ length: columns }, (_unused, column) => values[row * columns + column]!))
}

export const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0)

/** log softmax of a row, by its definition. */
export function naiveLogSoftmax(row: readonly number[]): number[] {
  const largest = Math.max(...row)
  const logSum = largest + Math.log(total(row.map((value) => Math.exp(value - largest))))
  return row.map((value) => value - logSum)
}

export const naiveSoftmax = (row: readonly number[]): number[] => naiveLogSoftmax(row).map(Math.exp)
