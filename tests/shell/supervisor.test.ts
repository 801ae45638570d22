/** @file The engine process is restarted by policy, and everyone who talks to it hears of its end. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { engineContract, EngineError, type ClientMessage, type Contract, type HostMessage } from '../../src/engine/contract'
import { createHost } from '../../src/engine/host/host'
import { acceptPorts, memoryPair, type Frame } from '../../src/engine/link'
import { nextRestartDelayMs, superviseEngine, type EngineProcess, type EngineState, type SupervisedEngine } from '../../src/shell'

describe('nextRestartDelayMs', () => {
  it.each([
    [[], 0, 1000],
    [[0], 10, 2000],
    [[0, 10], 20, 4000],
    [[0, 10, 20], 30, undefined],
    [[0, 10, 20], 299_999, undefined],
    [[0, 10, 20], 300_000, 4000],
    [[0, 10, 20], 300_010, 2000],
    [[0, 10, 20], 400_000, 1000],
  ])('after restarts at %j, a crash at %d waits %s', (restarts, now, delay) => {
    expect(nextRestartDelayMs(restarts, now)).toBe(delay)
  })
})

interface FakeProcess extends EngineProcess {
  crash(reason: string, refusal?: EngineError): void
}

/** A process whose engine answers `models.list` with its own number. */
function fakeProcess(number: number): FakeProcess {
  const [shell, engine] = memoryPair<Frame, Frame>()
  const listeners: ((reason: string, refusal?: EngineError) => void)[] = []
  const handlers = { 'models.list': () => Promise.resolve([`process ${number}`]), 'view.analyse': () => new Promise(() => undefined) }
  const host = createHost<Contract>(engineContract, handlers as never, (_name, argument) => argument)
  acceptPorts<HostMessage, ClientMessage>(engine, host.attach)
  const crash = (reason: string, refusal?: EngineError): void => {
    shell.close()
    for (const listener of listeners) listener(reason, refusal)
  }
  return {
    channel: shell,
    onExit: (listener) => listeners.push(listener),
    stop: () => {
      crash('asked to')
    },
    crash,
  }
}

interface Fixture {
  readonly engine: SupervisedEngine<FakeProcess>
  readonly states: EngineState[]
  readonly started: () => number
}

function fixture(): Fixture {
  let started = 0
  const engine = superviseEngine(() => fakeProcess(++started))
  const states: EngineState[] = []
  engine.onState((state) => states.push(state))
  return { engine, states, started: () => started }
}

describe('superviseEngine', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('starts the engine and talks to it', async () => {
    const { engine } = fixture()
    expect([engine.state(), await engine.client()['models.list'](undefined)]).toEqual([{ kind: 'running' }, ['process 1']])
  })

  it('rejects what is under way when the engine crashes, at once and with the reason', async () => {
    const { engine, states } = fixture()
    const reasons: string[] = []
    engine.openPort().onClose((reason) => reasons.push(reason))
    const analysis = engine.client()['view.analyse']({ imageId: 'i', modelId: 'm', size: 'native' }).result
    engine.process()?.crash('it was killed by SIGSEGV')
    await expect(analysis).rejects.toMatchObject({ code: 'ENGINE_EXITED' })
    expect({ states, reasons }).toEqual({ states: [{ kind: 'restarting', reason: 'it was killed by SIGSEGV', delayMs: 1000 }], reasons: ['the port was closed'] })
    expect(() => engine.client()).toThrow(expect.objectContaining({ code: 'ENGINE_EXITED' }))
    expect(() => engine.openPort()).toThrow(expect.objectContaining({ code: 'ENGINE_EXITED' }))
  })

  it('restarts after 1, 2 and 4 seconds, then gives up', async () => {
    const { engine, states, started } = fixture()
    for (const waitMs of [1000, 2000, 4000]) {
      engine.process()?.crash('crash')
      vi.advanceTimersByTime(waitMs - 1)
      const early = started()
      vi.advanceTimersByTime(1)
      expect(started()).toBe(early + 1)
    }
    expect(await engine.client()['models.list'](undefined)).toEqual(['process 4'])
    engine.process()?.crash('crash')
    vi.advanceTimersByTime(600_000)
    expect({ started: started(), last: states.at(-1) }).toEqual({ started: 4, last: { kind: 'stopped', reason: 'crash; it crashed too often to be started again' } })
  })

  it('lets those wait who come during a restart, and turns them away when there will be none', async () => {
    const { engine } = fixture()
    await engine.ready()
    for (const waitMs of [1000, 2000, 4000]) {
      engine.process()?.crash('crash')
      const ready = engine.ready()
      vi.advanceTimersByTime(waitMs)
      await ready
    }
    engine.process()?.crash('crash')
    await expect(engine.ready()).rejects.toMatchObject({ code: 'ENGINE_EXITED', message: expect.stringContaining('too often') })
  })

  it('tells a start from a restart, and passes on how long the end may take', async () => {
    const log: unknown[] = []
    let started = 0
    const engine = superviseEngine((restarted) => {
      log.push(restarted)
      const process = fakeProcess(++started)
      return {
        ...process,
        stop: (graceMs?: number) => {
          log.push(graceMs)
          process.stop()
        },
      }
    })
    engine.process()?.crash('crash')
    vi.advanceTimersByTime(1000)
    await engine.stop(60_000)
    expect(log).toEqual([false, true, 60_000])
  })

  it('does not start an engine again that says it cannot', () => {
    const { engine, states, started } = fixture()
    const refusal = new EngineError('BUSY', 'the workspace is in use by process 7')
    engine.process()?.crash('it ended with code 1', refusal)
    vi.advanceTimersByTime(10_000)
    expect({ started: started(), states }).toEqual({ started: 1, states: [{ kind: 'stopped', reason: refusal.message, refusal }] })
  })

  it('counts a start that fails as a crash', () => {
    const states: EngineState[] = []
    let attempts = 0
    const engine = superviseEngine((): FakeProcess => {
      attempts++
      throw new Error('no such file')
    })
    engine.onState((state) => states.push(state))
    vi.advanceTimersByTime(10_000)
    expect({ attempts, last: states.at(-1) }).toEqual({ attempts: 4, last: { kind: 'stopped', reason: 'it could not be started: no such file; it crashed too often to be started again' } })
  })

  it('stops for good when told to, running or waiting', async () => {
    const running = fixture()
    await running.engine.stop()
    const waiting = fixture()
    waiting.engine.process()?.crash('crash')
    await waiting.engine.stop()
    vi.advanceTimersByTime(10_000)
    expect([running.started(), running.states, waiting.started()]).toEqual([1, [{ kind: 'stopped', reason: 'it was stopped' }], 1])
  })
})
