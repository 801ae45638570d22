/** @file Trainers as utility processes: started on the engine's order, joined to it, killed for it, their end told. */
import { beforeEach, describe, expect, it, vi } from 'vitest'
import * as electron from '../helpers/electron'
import { startUtilityEngine } from '../../src/main/engine-process'
import { createPowerBlocker } from '../../src/main/power'
import { createUtilityTrainers } from '../../src/main/trainers'

vi.mock('electron', () => import('../helpers/electron'))

beforeEach(() => {
  electron.forked.length = 0
  electron.MessageChannelMain.made = 0
})

function fixture() {
  const trainers = createUtilityTrainers('/out/main/trainer.js')
  const engine = startUtilityEngine('/out/main/engine.js', { version: '1', resources: '/r', workspace: '/w' }, trainers)
  const frames: unknown[] = []
  engine.channel.onMessage((frame) => frames.push(frame))
  const [engineChild] = electron.forked
  if (engineChild === undefined) throw new Error('no engine was forked')
  return { trainers, engineChild, frames }
}

describe('a trainer', () => {
  it('is started when the engine orders it, and each gets one end of a channel', () => {
    const { engineChild, frames } = fixture()
    engineChild.emit('message', { kind: 'trainer', trainer: 1 })
    engineChild.emit('message', { kind: 'open', port: 1 })
    const [, trainer] = electron.forked
    expect({ trainer: [trainer?.modulePath, trainer?.args, trainer?.serviceName], posted: trainer?.posted, told: engineChild.posted, frames }).toEqual({
      trainer: ['/out/main/trainer.js', [], 'DinoScope training 1'],
      posted: [[{ kind: 'attach' }, ['port 1 of channel 1']]],
      told: [[{ kind: 'trainer-port', trainer: 1 }, ['port 2 of channel 1']]],
      frames: [{ kind: 'open', port: 1 }],
    })
  })

  it('is missed with the better of the two reasons', () => {
    const { engineChild } = fixture()
    engineChild.emit('message', { kind: 'trainer', trainer: 1 })
    engineChild.emit('message', { kind: 'trainer', trainer: 2 })
    electron.app.emit('child-process-gone', {}, { serviceName: 'DinoScope training 2', reason: 'oom' })
    for (const child of electron.forked.slice(1)) child.emit('exit', 0)
    expect(engineChild.posted.slice(2)).toEqual([
      { kind: 'trainer-exit', trainer: 1, reason: 'it ended' },
      { kind: 'trainer-exit', trainer: 2, reason: 'it ran out of memory (code 0)' },
    ])
  })

  it('is killed for good, since it no longer listens', () => {
    const { engineChild } = fixture()
    const kill = vi.spyOn(process, 'kill').mockReturnValue(true)
    engineChild.emit('message', { kind: 'trainer', trainer: 1 })
    Object.assign(electron.forked[1] ?? {}, { pid: 4711 })
    for (const trainer of [1, 2]) engineChild.emit('message', { kind: 'trainer-kill', trainer })
    expect(kill.mock.calls).toEqual([[4711, 'SIGKILL']])
    kill.mockRestore()
  })

  it('that cannot be started is told as one that has ended', () => {
    const { engineChild } = fixture()
    const fork = vi.spyOn(electron.utilityProcess, 'fork').mockImplementation(() => {
      throw new Error('no such file')
    })
    engineChild.emit('message', { kind: 'trainer', trainer: 1 })
    expect(engineChild.posted).toEqual([{ kind: 'trainer-exit', trainer: 1, reason: 'it could not be started: no such file' }])
    fork.mockRestore()
  })

  it('is not told of to an engine that has ended itself, and is waited for at the end of the app', async () => {
    vi.useFakeTimers()
    const { trainers, engineChild } = fixture()
    engineChild.emit('message', { kind: 'trainer', trainer: 1 })
    engineChild.emit('exit', 139)
    const posted = engineChild.posted.length
    const log: string[] = []
    void trainers.ended(60_000).then(() => log.push('ended'))
    await vi.advanceTimersByTimeAsync(59_000)
    log.push('still saving')
    electron.forked[1]?.emit('exit', 0)
    await vi.advanceTimersByTimeAsync(0)
    await trainers.ended(60_000)
    expect({ log, posted: engineChild.posted.length }).toEqual({ log: ['still saving', 'ended'], posted })
    vi.useRealTimers()
  })
})

describe('the power blocker', () => {
  it('is on exactly while something is trained', () => {
    const tell = createPowerBlocker()
    for (const training of [false, true, true, false, false]) tell(training)
    expect([electron.powerSaveBlocker.start.mock.calls, electron.powerSaveBlocker.stop.mock.calls]).toEqual([[['prevent-app-suspension']], [[7]]])
  })
})
