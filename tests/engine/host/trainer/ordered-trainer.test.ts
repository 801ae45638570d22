/** @file Trainers that Electron's main process starts: orders out, ports and ends in, nothing lost in between. */
import { EventEmitter } from 'node:events'
import { describe, expect, it, vi } from 'vitest'
import type { TrainerOrder } from '../../../../src/engine/link'
import { createOrderedTrainers } from '../../../../src/engine/host/trainer/ordered-trainer'

function fakePort() {
  const posted: unknown[] = []
  const events = new EventEmitter()
  return Object.assign(events, { posted, postMessage: (message: unknown) => posted.push(message), start: () => undefined, close: () => events.emit('close') })
}

const message = { kind: 'call', id: '1', name: 'trainer.pause', argument: { paused: true } } as const

describe('an ordered trainer', () => {
  it('is ordered from main, and hears what was said before its port came', () => {
    const orders: TrainerOrder[] = []
    const trainers = createOrderedTrainers((order) => orders.push(order))
    const [first, second] = [trainers.start(), trainers.start()]
    second.port.post(message)
    const [firstPort, secondPort] = [fakePort(), fakePort()]
    trainers.hear({ kind: 'trainer-port', trainer: 2 }, secondPort)
    trainers.hear({ kind: 'trainer-port', trainer: 1 }, firstPort)
    const heard: unknown[] = []
    first.port.onMessage((received) => heard.push(received))
    firstPort.emit('message', { data: 'hello' })
    first.kill()
    expect({ orders, posted: [firstPort.posted, secondPort.posted], heard }).toEqual({
      orders: [
        { kind: 'trainer', trainer: 1 },
        { kind: 'trainer', trainer: 2 },
        { kind: 'trainer-kill', trainer: 1 },
      ],
      posted: [[], [message]],
      heard: ['hello'],
    })
  })

  it('hears the last words of a process whose end is told first', () => {
    const trainers = createOrderedTrainers(() => undefined)
    const trainer = trainers.start()
    const port = fakePort()
    trainers.hear({ kind: 'trainer-port', trainer: 1 }, port)
    const told: unknown[] = []
    trainer.port.onMessage((received) => told.push(received))
    trainer.port.onClose((reason) => told.push(`closed: ${reason}`))
    trainer.onExit((reason) => told.push(`exit: ${reason}`))
    trainers.hear({ kind: 'trainer-exit', trainer: 1, reason: 'it ended' }, undefined)
    port.emit('message', { data: 'the result' })
    port.emit('close')
    expect(told).toEqual(['the result', 'closed: it ended', 'exit: it ended'])
  })

  it('does not wait for ever for a port that never closes, nor for one that never came', () => {
    vi.useFakeTimers()
    const trainers = createOrderedTrainers(() => undefined)
    const [silent, absent] = [trainers.start(), trainers.start()]
    trainers.hear({ kind: 'trainer-port', trainer: 1 }, fakePort())
    const told: string[] = []
    silent.onExit((reason) => told.push(`silent ${reason}`))
    absent.onExit((reason) => told.push(`absent ${reason}`))
    trainers.hear({ kind: 'trainer-exit', trainer: 1, reason: 'it crashed' }, undefined)
    trainers.hear({ kind: 'trainer-exit', trainer: 2, reason: 'it could not be started' }, undefined)
    vi.advanceTimersByTime(1000)
    expect(told).toEqual(['absent it could not be started', 'silent it crashed'])
    vi.useRealTimers()
  })

  it('closes the port of a trainer that nobody waits for any more', () => {
    const trainers = createOrderedTrainers(() => undefined)
    const trainer = trainers.start()
    trainer.port.close()
    const [port, unknown] = [fakePort(), fakePort()]
    const closed: string[] = []
    port.on('close', () => closed.push('its own'))
    unknown.on('close', () => closed.push('unknown'))
    trainers.hear({ kind: 'trainer-port', trainer: 1 }, port)
    trainers.hear({ kind: 'trainer-port', trainer: 9 }, unknown)
    expect(closed).toEqual(['its own', 'unknown'])
  })
})
