/** @file How unlike the others each picture is. */
import type { Neighbours } from './neighbours'

/** 1 − mean cosine with the nearest neighbours, float32 [count]; of those there are, 1 where there is none at all. */
export function uniquenessOf({ k, cosines }: Neighbours): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: cosines.length / k }, (_, position) => {
    let sum = 0
    let found = 0
    for (; found < k && cosines[position * k + found] !== -Infinity; found++) sum += cosines[position * k + found]!
    return found === 0 ? 1 : 1 - sum / found
  })
}
