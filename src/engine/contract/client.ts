/** @file The caller's side of a contract over any port: matches replies to requests, delivers events in order. */
import { EngineError, fromWire } from './errors'
import type { Client, ClientPort, Contract, HostMessage, JobHandle, Unsubscribe } from './rpc'

interface Pending {
  resolve(value: unknown): void
  reject(error: unknown): void
  onEvent?: (event: unknown) => void
}

/** A contract's client together with its end. */
export interface Connection<C> {
  readonly client: Client<C>
  /** Tells once when the other side is gone; every open request has then been rejected with ENGINE_EXITED. */
  onClose(listener: (reason: string) => void): Unsubscribe
  close(): void
}

/** Builds one plain function per contract entry. Everything a caller awaits is settled when the port closes. */
export function connect<C extends Contract>(contract: C, port: ClientPort): Connection<C> {
  const pending = new Map<string, Pending>()
  const listeners = new Map<string, Set<(value: unknown) => void>>()
  let nextId = 0
  let closedBecause: string | undefined

  const receive = (message: HostMessage): void => {
    if (message.kind === 'push') {
      for (const listener of listeners.get(message.name) ?? []) listener(message.value)
      return
    }
    const request = pending.get(message.id)
    if (request === undefined) return
    if (message.kind === 'event') {
      request.onEvent?.(message.event)
      return
    }
    pending.delete(message.id)
    if (message.ok) request.resolve(message.value)
    else request.reject(fromWire(message.error))
  }

  const end = (reason: string): void => {
    closedBecause = reason
    for (const request of pending.values()) request.reject(new EngineError('ENGINE_EXITED', `The engine stopped: ${reason}`))
    pending.clear()
  }

  const request = (kind: 'call' | 'start', name: string, argument: unknown, onEvent?: (event: unknown) => void) => {
    const id = String(++nextId)
    const result = new Promise<unknown>((resolve, reject) => {
      if (closedBecause !== undefined) {
        reject(new EngineError('ENGINE_EXITED', `The engine stopped: ${closedBecause}`))
        return
      }
      pending.set(id, { resolve, reject, onEvent })
      port.post({ kind, id, name, argument })
    })
    return { id, result }
  }

  const startJob = (name: string, argument: unknown, onEvent?: (event: unknown) => void): JobHandle<unknown> => {
    const { id, result } = request('start', name, argument, onEvent)
    return {
      id,
      result,
      cancel: async () => {
        if (pending.has(id)) port.post({ kind: 'cancel', id })
        await result.catch(() => undefined)
      },
    }
  }

  const subscribe = (name: string, listener: (value: unknown) => void): Unsubscribe => {
    const set = listeners.get(name) ?? new Set()
    listeners.set(name, set.add(listener))
    return () => set.delete(listener)
  }

  port.onMessage(receive)
  port.onClose(end)

  const entries = Object.entries(contract).map(([name, { kind }]): [string, unknown] => {
    switch (kind) {
      case 'call':
        return [name, (argument: unknown) => request('call', name, argument).result]
      case 'job':
        return [name, (argument: unknown, onEvent?: (event: unknown) => void) => startJob(name, argument, onEvent)]
      case 'push':
        return [name, (listener: (value: unknown) => void) => subscribe(name, listener)]
    }
  })
  return {
    client: Object.fromEntries(entries) as Client<C>,
    onClose: (listener) => port.onClose(listener),
    close: () => {
      port.close()
    },
  }
}
