/** @file The whole engine: its state, the handlers of every domain, and the host that serves them. */
import { engineContract, type EngineContract } from '../contract'
import { assertUntrustedLoadersBlocked } from '../image'
import type { EngineOptions } from '../link'
import { createEngineState, disposeEngineState } from './engine-state'
import { embedHandlers } from './handlers/embed'
import { engineHandlers } from './handlers/engine'
import { libraryHandlers } from './handlers/library'
import { modelExportHandlers } from './handlers/model-export'
import { modelHandlers } from './handlers/models'
import { viewHandlers } from './handlers/view'
import { createHost, type Host } from './host'
import { parseRequest } from './schemas'

export interface Engine {
  readonly host: Host<EngineContract>
  /** Cancels everything, closes every conversation and frees native memory. */
  dispose(): Promise<void>
}

/**
 * Starts an engine in this process.
 * @throws EngineError INTERNAL when the picture decoders are not locked down, DISK when the workspace cannot be used
 */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  await assertUntrustedLoadersBlocked()
  const state = await createEngineState(options, (throughput) => {
    host.push('engine.throughput', throughput)
  })
  const host: Host<EngineContract> = createHost<EngineContract>(
    engineContract,
    { ...engineHandlers(state), ...libraryHandlers(state), ...modelHandlers(state), ...modelExportHandlers(state), ...viewHandlers(state), ...embedHandlers(state) },
    parseRequest,
  )
  return {
    host,
    dispose: async () => {
      host.close()
      await disposeEngineState(state)
    },
  }
}
