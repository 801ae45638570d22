/** @file Runs a handful of graph values on the CPU, for tests. */
import { buildModel, type Value } from '../../src/engine/graph'
import { openSession } from '../../src/engine/runtime/session'
import type { Tensor } from '../../src/engine/tensor'

/** Feeds by input name, results by output name. Parameters are not supported: tests feed inputs. */
export async function runGraph(outputs: Readonly<Record<string, Value>>, feeds: Readonly<Record<string, Tensor>> = {}): Promise<Readonly<Record<string, Tensor>>> {
  const built = buildModel('test', outputs, (name) => {
    throw new Error(`the test graph has a parameter ${name}`)
  })
  const session = await openSession(built, { provider: 'cpu', threads: 1 })
  try {
    return await session.run(feeds)
  } finally {
    await session.release()
  }
}
