/** @file The runtime that a run trains on: what was asked for, or the fastest that is known to train well. */
import type { ProviderName } from '../../contract'
import { createRuntime, type Runtime } from '../../runtime'

/**
 * Without a wish, a GPU is taken where it won the trial and keeps weights on the device between steps; to carry them
 * there and back each time costs more than it gains, and the CPU repeats a run bit for bit.
 */
export async function openTrainingRuntime(provider: ProviderName | undefined, threads: number | undefined): Promise<Runtime> {
  const runtime = await createRuntime({ preferred: provider, threads })
  if (provider !== undefined || runtime.provider === 'cpu' || runtime.device !== undefined) return runtime
  await runtime.dispose()
  return createRuntime({ preferred: 'cpu', threads })
}
