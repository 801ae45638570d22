/** @file Which picture comes at which position of the endless walk over the pictures: one random permutation after another. */
import { randomStreamAt } from '../../tensor'

/** A picture on the walk, and the how-manieth time all pictures are gone through there. */
export interface Stop {
  readonly pass: number
  readonly image: number
}

/** Batches reach over the end of a pass, so the one before is still asked for. */
const keptPasses = 2

/** A random order of 0 … count-1 for one pass (Fisher-Yates), a function of the three numbers alone. */
export function permutation(seed: number, pass: number, count: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index)
  const random = randomStreamAt(seed, 'order', pass)
  for (let last = count - 1; last > 0; last--) {
    const chosen = Math.floor(random.uniform() * (last + 1))
    const image = order[last]!
    order[last] = order[chosen]!
    order[chosen] = image
  }
  return order
}

/** The walk over `count` pictures: `stop(position)` for any position from 0 on, cheap when asked in order. */
export function createWalk(seed: number, count: number): (position: number) => Stop {
  const orders = new Map<number, Uint32Array>()
  const orderOf = (pass: number): Uint32Array => {
    const known = orders.get(pass)
    if (known !== undefined) return known
    const order = permutation(seed, pass, count)
    orders.set(pass, order)
    for (const oldest of orders.keys()) {
      if (orders.size <= keptPasses) break
      orders.delete(oldest)
    }
    return order
  }
  return (position) => {
    const pass = Math.floor(position / count)
    return { pass, image: orderOf(pass)[position - pass * count]! }
  }
}
