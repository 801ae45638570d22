/** @file The contract over an in-memory port: every kind of answer, cancel, and either side's death. */
import { describe, expect, it } from 'vitest'
import { call, connect, EngineError, job, push, type Connection, type Handlers, type JobContext } from '../../../src/engine/contract'
import { createHost, type Host } from '../../../src/engine/host/host'
import { memoryPair } from '../../../src/engine/link'
import type { ClientMessage, HostMessage } from '../../../src/engine/contract'

const contract = {
  'sum.add': call<{ readonly a: number; readonly b: number }, number>(),
  'sum.fail': call<undefined, number>(),
  'sum.crash': call<undefined, number>(),
  'sum.arrays': call<{ readonly values: Float32Array }, Float32Array>(),
  'work.run': job<{ readonly steps: number }, { readonly kind: 'step'; readonly step: number }, string>(),
  'work.wait': job<undefined, never, string>(),
  'work.tick': push<number>(),
} as const
type TestContract = typeof contract

interface Fixture {
  readonly host: Host<TestContract>
  readonly aborted: string[]
  open(): Connection<TestContract>
}

function fixture(): Fixture {
  const aborted: string[] = []
  const untilAborted = ({ signal }: JobContext<never>): Promise<string> =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        aborted.push('wait')
        reject(signal.reason as Error)
      })
    })
  const handlers: Handlers<TestContract> = {
    'sum.add': ({ a, b }) => Promise.resolve(a + b),
    'sum.fail': () => Promise.reject(new EngineError('NOT_FOUND', 'no such sum', { detail: { sum: 3 } })),
    'sum.crash': () => Promise.reject(new TypeError('undefined is not a sum')),
    'sum.arrays': ({ values }) => Promise.resolve(values.map((value) => value * 2)),
    'work.run': ({ steps }, { emit }) => {
      for (let step = 1; step <= steps; step++) emit({ kind: 'step', step })
      return Promise.resolve(`${steps} steps`)
    },
    'work.wait': (_argument, context) => untilAborted(context),
  }
  const host = createHost(contract, handlers, (_name, argument) => argument)
  return {
    host,
    aborted,
    open: () => {
      const [client, engine] = memoryPair<ClientMessage, HostMessage>()
      host.attach(engine)
      return connect(contract, client)
    },
  }
}

const outcome = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => ({ value }),
    (error: unknown) => (error instanceof EngineError ? { code: error.code, message: error.message, detail: error.detail } : error),
  )

describe('a host over a port', () => {
  it('answers calls with their value, typed arrays included', async () => {
    const { client } = fixture().open()
    expect([await client['sum.add']({ a: 2, b: 3 }), await client['sum.arrays']({ values: Float32Array.of(1, 2) })]).toEqual([5, Float32Array.of(2, 4)])
  })

  it('carries the code, message and detail of an EngineError', async () => {
    const { client } = fixture().open()
    expect(await outcome(client['sum.fail'](undefined))).toEqual({ code: 'NOT_FOUND', message: 'no such sum', detail: { sum: 3 } })
  })

  it('answers INTERNAL for what is not ours', async () => {
    const { client } = fixture().open()
    expect(await outcome(client['sum.crash'](undefined))).toEqual({ code: 'INTERNAL', message: 'undefined is not a sum', detail: undefined })
  })

  it('delivers every event in order and before the result', async () => {
    const { client } = fixture().open()
    const log: unknown[] = []
    const handle = client['work.run']({ steps: 3 }, (event) => log.push(event.step))
    log.push(await handle.result)
    expect(log).toEqual([1, 2, 3, '3 steps'])
  })

  it('cancels a job: the handler sees the abort, the caller gets CANCELLED, a second cancel is harmless', async () => {
    const { open, aborted } = fixture()
    const { client } = open()
    const handle = client['work.wait'](undefined)
    const result = outcome(handle.result)
    await handle.cancel()
    await handle.cancel()
    expect([await result, aborted]).toEqual([{ code: 'CANCELLED', message: 'cancelled', detail: undefined }, ['wait']])
  })

  it('cancels the jobs of a client that goes away, and of no other', async () => {
    const { open, aborted } = fixture()
    const leaving = open()
    const staying = open()
    const left = outcome(leaving.client['work.wait'](undefined).result)
    const stays = staying.client['work.wait'](undefined)
    await staying.client['sum.add']({ a: 1, b: 1 })
    leaving.close()
    expect(await left).toMatchObject({ code: 'ENGINE_EXITED' })
    await staying.client['sum.add']({ a: 1, b: 1 })
    expect(aborted).toEqual(['wait'])
    const stayed = outcome(stays.result)
    await stays.cancel()
    expect([await stayed, aborted]).toEqual([expect.objectContaining({ code: 'CANCELLED' }), ['wait', 'wait']])
  })

  it('rejects open requests and later ones when the engine ends', async () => {
    const { host, open } = fixture()
    const { client, onClose } = open()
    const reasons: string[] = []
    onClose((reason) => reasons.push(reason))
    const waiting = outcome(client['work.wait'](undefined).result)
    await client['sum.add']({ a: 1, b: 1 })
    host.close()
    const exited = { code: 'ENGINE_EXITED', message: 'The engine stopped: the port was closed', detail: undefined }
    expect([await waiting, await outcome(client['sum.add']({ a: 1, b: 1 })), reasons]).toEqual([exited, exited, ['the port was closed']])
  })

  it('pushes to everyone who listens until they unsubscribe', async () => {
    const { host, open } = fixture()
    const first = open()
    const second = open()
    const heard: string[] = []
    const unsubscribe = first.client['work.tick']((value) => heard.push(`first ${value}`))
    second.client['work.tick']((value) => heard.push(`second ${value}`))
    host.push('work.tick', 1)
    await second.client['sum.add']({ a: 1, b: 1 })
    unsubscribe()
    host.push('work.tick', 2)
    await second.client['sum.add']({ a: 1, b: 1 })
    expect(heard).toEqual(['first 1', 'second 1', 'second 2'])
  })

  it('refuses a job id that is running, names nobody has, and a call of a job', async () => {
    const { host } = fixture()
    const [client, engine] = memoryPair<ClientMessage, HostMessage>()
    host.attach(engine)
    const replies: unknown[] = []
    client.onMessage((message) => replies.push(message.kind === 'reply' && !message.ok ? [message.id, message.error.code] : message))
    client.post({ kind: 'start', id: 'a', name: 'work.wait', argument: undefined })
    client.post({ kind: 'start', id: 'a', name: 'work.wait', argument: undefined })
    client.post({ kind: 'call', id: 'b', name: 'toString', argument: undefined })
    client.post({ kind: 'call', id: 'c', name: '__proto__', argument: undefined })
    client.post({ kind: 'call', id: 'd', name: 'work.wait', argument: undefined })
    client.post({ kind: 'start', id: 'e', name: 'sum.add', argument: { a: 1, b: 1 } })
    client.post({ kind: 'start', id: 'f', name: 'work.tick', argument: undefined })
    client.post({ kind: 'call', id: 'g', name: 'sum.add', argument: { a: 1, b: 1 } })
    await expect.poll(() => replies.length).toBe(7)
    const byId = (reply: unknown): string => (Array.isArray(reply) ? String(reply[0]) : 'g')
    expect(replies.sort((left, right) => byId(left).localeCompare(byId(right)))).toEqual([
      ['a', 'BAD_REQUEST'],
      ['b', 'BAD_REQUEST'],
      ['c', 'BAD_REQUEST'],
      ['d', 'BAD_REQUEST'],
      ['e', 'BAD_REQUEST'],
      ['f', 'BAD_REQUEST'],
      { kind: 'reply', id: 'g', ok: true, value: 2 },
    ])
  })

  it('ignores what is not a message and goes on', async () => {
    const { host } = fixture()
    const [raw, engine] = memoryPair<ClientMessage, HostMessage>()
    host.attach(engine)
    const broken: unknown[] = [null, 1, 'x', {}, { kind: 'call' }, { kind: 'call', id: 7, name: 'sum.add' }, { kind: 'call', id: '', name: 'sum.add' }, { kind: 'call', id: 'x'.repeat(65), name: 'sum.add' }, { kind: 'other', id: 'x' }]
    for (const message of broken) raw.post(message as ClientMessage)
    const { client } = connect(contract, raw)
    expect(await client['sum.add']({ a: 4, b: 5 })).toBe(9)
  })

  it('runs at most 32 jobs for one client', async () => {
    const { client } = fixture().open()
    const handles = Array.from({ length: 33 }, () => client['work.wait'](undefined))
    const results = Promise.all(handles.map((handle) => outcome(handle.result)))
    await client['sum.add']({ a: 1, b: 1 })
    await Promise.all(handles.map((handle) => handle.cancel()))
    const codes = (await results).map((result) => (result as { code: string }).code)
    expect(codes).toEqual([...Array.from({ length: 32 }, () => 'CANCELLED'), 'BAD_REQUEST'])
  })
})
