/** @file The whole engine: its state, the handlers of every domain, and the host that serves them. */
import { engineContract, type EngineContract } from '../contract'
import { assertUntrustedLoadersBlocked } from '../image'
import type { EngineOptions } from '../link'
import { createEngineState, disposeEngineState } from './engine-state'
import { colourHandlers } from './handlers/colours'
import { compareHandlers } from './handlers/compare'
import { embedHandlers } from './handlers/embed'
import { engineHandlers } from './handlers/engine'
import { evaluateHandlers } from './handlers/evaluate'
import { headHandlers } from './handlers/heads'
import { hubHandlers } from './handlers/hub'
import { labelHandlers } from './handlers/labels'
import { libraryHandlers } from './handlers/library'
import { mapHandlers } from './handlers/map'
import { matchHandlers } from './handlers/match'
import { modelExportHandlers } from './handlers/model-export'
import { modelHandlers } from './handlers/models'
import { precisionHandlers } from './handlers/precision'
import { propagateHandlers } from './handlers/propagate'
import { runHandlers } from './handlers/runs'
import { searchHandlers } from './handlers/search'
import { segmentHandlers } from './handlers/segments'
import { setHandlers } from './handlers/sets'
import { structureHandlers } from './handlers/structure'
import { trainHandlers } from './handlers/train'
import { viewHandlers } from './handlers/view'
import { viewDenseHandlers } from './handlers/view-dense'
import { createHost, type Host } from './host'
import { goOnWithActiveRuns } from './runs/active-runs'
import { parseRequest } from './schemas'
import type { StartTrainer } from './trainer/process'

export interface Engine {
  readonly host: Host<EngineContract>
  /** Waits for the checkpoints of what is being trained, cancels everything, closes every conversation and frees native memory. */
  dispose(): Promise<void>
}

/**
 * Starts an engine in this process.
 * @param startTrainer how trainers are started where they are not forked
 * @throws EngineError INTERNAL when the picture decoders are not locked down, DISK when the workspace cannot be used
 */
export async function createEngine(options: EngineOptions, startTrainer?: StartTrainer): Promise<Engine> {
  await assertUntrustedLoadersBlocked()
  const state = await createEngineState(options, {
    tellThroughput: (throughput) => {
      host.push('engine.throughput', throughput)
    },
    tellRun: (info) => {
      host.push('runs.changed', info)
    },
    tellLibrary: (changes) => {
      host.push('library.changed', changes)
    },
    startTrainer,
  })
  const host: Host<EngineContract> = createHost<EngineContract>(
    engineContract,
    {
      ...engineHandlers(state),
      ...libraryHandlers(state),
      ...modelHandlers(state),
      ...modelExportHandlers(state),
      ...precisionHandlers(state),
      ...hubHandlers(state),
      ...viewHandlers(state),
      ...viewDenseHandlers(state),
      ...matchHandlers(state),
      ...compareHandlers(state),
      ...colourHandlers(state),
      ...segmentHandlers(state),
      ...headHandlers(state),
      ...labelHandlers(state),
      ...propagateHandlers(state),
      ...embedHandlers(state),
      ...searchHandlers(state),
      ...mapHandlers(state),
      ...structureHandlers(state),
      ...setHandlers(state),
      ...evaluateHandlers(state),
      ...trainHandlers(state),
      ...runHandlers(state),
    },
    parseRequest,
  )
  if (options.restarted === true) goOnWithActiveRuns(options.workspace, state.runs)
  return {
    host,
    dispose: async () => {
      await state.runs.dispose('DinoScope was closed')
      host.close()
      await disposeEngineState(state)
    },
  }
}
