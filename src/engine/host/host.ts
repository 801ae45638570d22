/** @file The engine's side of a contract over any number of ports: dispatch, jobs, replies, broadcasts. */
import {
  EngineError,
  toWire,
  type ClientMessage,
  type Contract,
  type Handlers,
  type HostMessage,
  type HostPort,
  type JobContext,
  type PushValueOf,
} from '../contract'
import { createJobTable, type JobTable } from './jobs'

/** Serves one set of handlers to many clients. */
export interface Host<C> {
  /** Serves `port` until it closes; then that client's jobs are cancelled. */
  attach(port: HostPort): void
  /** Broadcasts to every attached client. */
  push<K extends keyof C & string>(name: K, value: PushValueOf<C[K]>): void
  /** Cancels every job of every client and closes the ports. */
  close(): void
}

/** Checks one entry's argument at the door and returns it typed. @throws EngineError BAD_REQUEST naming the field */
export type ParseArgument = (name: string, argument: unknown) => unknown

type AnyHandler = (argument: unknown, context?: JobContext<unknown>) => Promise<unknown>

const maxIdLength = 64

function isClientMessage(message: unknown): message is ClientMessage {
  if (typeof message !== 'object' || message === null) return false
  const { kind, id, name } = message as Record<string, unknown>
  if (typeof id !== 'string' || id.length === 0 || id.length > maxIdLength) return false
  return kind === 'cancel' || ((kind === 'call' || kind === 'start') && typeof name === 'string')
}

/** Builds the host of `contract`. `parse` sees every argument before any handler does. */
export function createHost<C extends Contract>(contract: C, handlers: Handlers<C>, parse: ParseArgument): Host<C> {
  const ports = new Map<HostPort, JobTable>()
  const byName = new Map(Object.entries(handlers as Record<string, AnyHandler>))

  const find = (name: string, kind: 'call' | 'job'): AnyHandler => {
    const entry = Object.hasOwn(contract, name) ? contract[name] : undefined
    const handler = byName.get(name)
    if (entry?.kind !== kind || handler === undefined)
      throw new EngineError('BAD_REQUEST', `there is no ${kind} named ${JSON.stringify(name.slice(0, 64))}`)
    return handler
  }

  const work = async (jobs: JobTable, message: Exclude<ClientMessage, { kind: 'cancel' }>): Promise<unknown> => {
    const handler = find(message.name, message.kind === 'call' ? 'call' : 'job')
    const argument = parse(message.name, message.argument)
    return message.kind === 'call' ? await handler(argument) : await jobs.run(message.id, (context) => handler(argument, context))
  }

  const reply = async (port: HostPort, jobs: JobTable, message: Exclude<ClientMessage, { kind: 'cancel' }>): Promise<void> => {
    const { id } = message
    try {
      const value = await work(jobs, message)
      port.post({ kind: 'reply', id, ok: true, value })
    } catch (error) {
      port.post({ kind: 'reply', id, ok: false, error: toWire(error) } satisfies HostMessage)
    }
  }

  return {
    attach: (port) => {
      const jobs = createJobTable((id, seq, event) => {
        port.post({ kind: 'event', id, seq, event })
      })
      ports.set(port, jobs)
      port.onMessage((message: unknown) => {
        // Without an id there is nobody to answer.
        if (!isClientMessage(message)) return
        if (message.kind === 'cancel') jobs.cancel(message.id)
        else void reply(port, jobs, message)
      })
      port.onClose(() => {
        ports.delete(port)
        jobs.cancelAll()
      })
    },
    push: (name, value) => {
      for (const port of ports.keys()) port.post({ kind: 'push', name, value })
    },
    close: () => {
      for (const [port, jobs] of ports) {
        jobs.cancelAll()
        port.close()
      }
      ports.clear()
    },
  }
}
