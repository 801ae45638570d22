/** @file The trial itself, in a process that may die of it: a foreign graph is loaded and run on made-up pictures of a few sizes. */
import { EngineError, messageOf } from '../../contract'
import { openModelFile, type Session } from '../../runtime'
import type { Tensor } from '../../tensor'
import { triedSizes, type OnnxTrial, type OnnxTrialRequest, type PictureInput, type TriedOutput, type TriedRun } from '../../weights'
import { limitMemory } from './limit-memory'

export interface TryGraphRequest extends OnnxTrialRequest {
  /** More than this ends the process. */
  readonly memoryBytes: number
}

const threads = 2
/** Softmax in half precision leaves about 1e-3. */
const sumTolerance = 1e-2

/**
 * Loads and runs a graph. Its process ends where it takes more memory than is given to it.
 * @throws EngineError MODEL_UNSUPPORTED with what the runtime says, MODEL_RESOURCE where it got no memory
 */
export async function tryGraph({ path, input, memoryBytes }: TryGraphRequest, signal: AbortSignal): Promise<OnnxTrial> {
  const release = limitMemory(memoryBytes)
  let session: Session | undefined
  try {
    // On the CPU alone: a provider of a graphics card has memory of its own, which nothing here limits.
    session = await openModelFile(path, { provider: 'cpu', threads }).catch((error: unknown) => {
      throw refusal('The graph cannot be loaded', path, error)
    })
    const opened = session
    const square = await firstRun(opened, path, input, signal)
    const { width: size } = square
    const further = async (count: number, height: number, width: number): Promise<TriedRun | undefined> => {
      signal.throwIfAborted()
      return runOnce(opened, input, count, height, width).catch(() => undefined)
    }
    return {
      square,
      wide: input.size === undefined ? await further(1, size, 2 * size) : undefined,
      pair: input.count === undefined ? await further(2, size, size) : undefined,
    }
  } finally {
    release()
    await session?.release()
  }
}

/** The first size that it runs at: a file may leave its size open and still have learned positions of one size alone. */
async function firstRun(session: Session, path: string, input: PictureInput, signal: AbortSignal): Promise<TriedRun> {
  let first: unknown
  for (const size of input.size === undefined ? triedSizes : [input.size]) {
    signal.throwIfAborted()
    try {
      return await runOnce(session, input, 1, size, size)
    } catch (error) {
      first ??= error
    }
  }
  throw refusal('The graph cannot be run on a picture', path, first)
}

async function runOnce(session: Session, { name, channels }: PictureInput, count: number, height: number, width: number): Promise<TriedRun> {
  const shape = channels === 'first' ? [count, 3, height, width] : [count, height, width, 3]
  const data = Float32Array.from({ length: count * 3 * height * width }, (_, index) => Math.sin(index * 0.37) + Math.sin(index * 0.0013))
  const results = await session.run({ [name]: { dtype: 'float32', shape, data } })
  return { count, height, width, outputs: Object.entries(results).map(([output, tensor]) => describe(output, tensor)) }
}

function describe(name: string, { dtype, shape, data }: Tensor): TriedOutput {
  const numbers = dtype === 'float32' ? (data as Float32Array) : undefined
  const isFinite = numbers?.every(Number.isFinite) ?? true
  return { name, dtype, shape: [...shape], isFinite, rowsSumToOne: numbers !== undefined && isFinite && areDistributions(numbers, shape) }
}

/** Whether `[batch, heads, n, n]` has rows of numbers that are not negative and sum to 1. */
function areDistributions(numbers: Float32Array, shape: readonly number[]): boolean {
  const [row = 0, other] = [shape.at(-1), shape.at(-2)]
  if (shape.length !== 4 || row < 2 || row !== other) return false
  for (let start = 0; start < numbers.length; start += row) {
    let sum = 0
    for (let at = start; at < start + row; at++) {
      if (numbers[at]! < -sumTolerance) return false
      sum += numbers[at]!
    }
    if (Math.abs(sum - 1) > sumTolerance) return false
  }
  return true
}

/** What the runtime says, without the name of the copy it was given. */
function refusal(what: string, path: string, error: unknown): EngineError {
  const reason = messageOf(error).replaceAll(path, 'it')
  const isMemory = /alloc|out of memory|overflow/i.test(reason)
  return new EngineError(isMemory ? 'MODEL_RESOURCE' : 'MODEL_UNSUPPORTED', `${what}: ${reason}`, { cause: error })
}
