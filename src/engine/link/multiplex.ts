/** @file Several ports over one, for channels that exist once per process: each browser page gets its own conversation. */
import type { Port, Unsubscribe } from '../contract'
import { createPortEvents, type PortEvents } from './port-events'

/** What travels on the shared channel. The opener numbers the ports, upwards. */
export type Frame =
  | { readonly kind: 'open'; readonly port: number }
  | { readonly kind: 'message'; readonly port: number; readonly message: unknown }
  | { readonly kind: 'close'; readonly port: number }

export type FrameChannel = Port<Frame, Frame>

interface Ports<In> {
  add(number: number): PortEvents<In>
  end(number: number, reason: string): void
}

function routeFrames<In>(channel: FrameChannel, onOpen: (number: number) => void): Ports<In> {
  const open = new Map<number, PortEvents<In>>()
  let channelClosedBecause: string | undefined
  const end = (number: number, reason: string): void => {
    const events = open.get(number)
    open.delete(number)
    events?.closed(reason)
  }
  channel.onMessage((frame) => {
    switch (frame.kind) {
      case 'open':
        onOpen(frame.port)
        break
      case 'message':
        open.get(frame.port)?.deliver(frame.message as In)
        break
      case 'close':
        end(frame.port, 'the other side closed the port')
        break
    }
  })
  channel.onClose((reason) => {
    channelClosedBecause = reason
    for (const number of [...open.keys()]) end(number, reason)
  })
  return {
    add: (number) => {
      const events = createPortEvents<In>()
      if (channelClosedBecause === undefined) open.set(number, events)
      else events.closed(channelClosedBecause)
      return events
    },
    end,
  }
}

function subPort<Out, In>(channel: FrameChannel, ports: Ports<In>, number: number): Port<Out, In> {
  const events = ports.add(number)
  return {
    post: (message) => {
      if (!events.isClosed()) channel.post({ kind: 'message', port: number, message })
    },
    onMessage: events.onMessage,
    onClose: events.onClose,
    close: () => {
      if (!events.isClosed()) channel.post({ kind: 'close', port: number })
      ports.end(number, 'the port was closed')
    },
  }
}

/** The side that opens ports. */
export function openPorts<Out, In>(channel: FrameChannel): () => Port<Out, In> {
  const ports = routeFrames<In>(channel, () => undefined)
  let last = 0
  return () => {
    const number = ++last
    const port = subPort<Out, In>(channel, ports, number)
    channel.post({ kind: 'open', port: number })
    return port
  }
}

/** The side that is given ports as the other opens them. */
export function acceptPorts<Out, In>(channel: FrameChannel, onPort: (port: Port<Out, In>) => void): Unsubscribe {
  let listening = true
  const ports = routeFrames<In>(channel, (number) => {
    if (listening) onPort(subPort<Out, In>(channel, ports, number))
  })
  return () => {
    listening = false
  }
}
