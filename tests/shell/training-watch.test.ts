/** @file A shell knows whether something is trained, through restarts of the engine and pauses of the run. */
import { describe, expect, it } from 'vitest'
import type { RunInfo, RunState } from '../../src/engine/contract'
import { watchTraining, type EngineState } from '../../src/shell'

function fixture(initial: EngineState['kind'] = 'running') {
  const state: { value: EngineState } = { value: { kind: initial } as EngineState }
  const stateListeners: ((state: EngineState) => void)[] = []
  let runListeners: ((info: RunInfo) => void)[] = []
  const told: boolean[] = []
  const watch = watchTraining(
    {
      state: () => state.value,
      onState: (listener) => {
        stateListeners.push(listener)
        return () => undefined
      },
      client: () => ({
        'runs.changed': (listener) => {
          runListeners = [listener]
          return () => undefined
        },
      }),
    },
    (training) => told.push(training),
  )
  const run = (id: string, runState: RunState): void => {
    for (const listener of runListeners) listener({ id, state: runState } as RunInfo)
  }
  const engine = (next: EngineState): void => {
    state.value = next
    if (next.kind !== 'running') runListeners = []
    for (const listener of stateListeners) listener(next)
  }
  return { watch, told, run, engine }
}

describe('watchTraining', () => {
  it('tells each change once: start, pause, going on, the end', () => {
    const { watch, told, run } = fixture()
    const log: unknown[] = []
    for (const state of ['starting', 'running', 'running', 'paused', 'running', 'stopping', 'stopped'] as const) {
      run('a', state)
      log.push([state, watch.isTraining(), watch.hasTrainer()])
    }
    expect({ told, log }).toEqual({
      told: [true, false, true, false],
      log: [
        ['starting', true, true],
        ['running', true, true],
        ['running', true, true],
        ['paused', false, true],
        ['running', true, true],
        ['stopping', true, true],
        ['stopped', false, false],
      ],
    })
  })

  it.each(['interrupted', 'finished', 'failed', 'stopped'] as const)('lets go when a run is %s', (state) => {
    const { told, run } = fixture()
    run('a', 'running')
    run('b', 'finished')
    run('a', state)
    expect(told).toEqual([true, false])
  })

  it('lets go when the engine crashes, and follows the next one', () => {
    const { watch, told, run, engine } = fixture()
    run('a', 'running')
    engine({ kind: 'restarting', reason: 'it crashed', delayMs: 1000 })
    const between = [...told]
    engine({ kind: 'running' })
    run('a', 'starting')
    expect({ between, told, alive: watch.hasTrainer() }).toEqual({ between: [true, false], told: [true, false, true], alive: true })
  })
})
