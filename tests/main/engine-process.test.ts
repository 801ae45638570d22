/** @file The engine as a utility process: how it is started, joined to pages, and how its end is told. */
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { MessagePortMain, WebContents } from 'electron'
import * as electron from '../helpers/electron'
import { startUtilityEngine } from '../../src/main/engine-process'
import { exitReason } from '../../src/main/exit-reason'
import { trust } from '../../src/main/ipc'
import { setupPagePorts } from '../../src/main/page-ports'
import { setupRefusal } from '../../src/main/refusal'
import { createUtilityTrainers } from '../../src/main/trainers'
import { channels } from '../../src/preload/channels'
import { superviseEngine } from '../../src/shell'

vi.mock('electron', () => import('../helpers/electron'))

const trainers = createUtilityTrainers('/out/main/trainer.js')
const options = { version: '1.2.3', resources: '/resources', workspace: '/workspace' }

beforeEach(() => {
  electron.forked.length = 0
})

describe('exitReason', () => {
  it.each([
    [0, undefined, 'it ended'],
    [7, undefined, 'it ended with code 7'],
    [0, 'oom', 'it ran out of memory (code 0)'],
    [11, 'crashed', 'it crashed (code 11)'],
    [0, 'clean-exit', 'it ended'],
  ])('code %d, %s: %s', (code, gone, reason) => {
    expect(exitReason(code, gone)).toBe(reason)
  })
})

describe('startUtilityEngine', () => {
  it('starts the engine with its options and carries frames both ways', () => {
    const engine = startUtilityEngine('/out/main/engine.js', options, trainers)
    const [child] = electron.forked
    const frames: unknown[] = []
    engine.channel.onMessage((frame) => frames.push(frame))
    engine.channel.post({ kind: 'open', port: 1 })
    child?.emit('message', { kind: 'message', port: 1, message: 'hello' })
    expect({ modulePath: child?.modulePath, options: JSON.parse(child?.args[0] ?? ''), posted: child?.posted, frames }).toEqual({
      modulePath: '/out/main/engine.js',
      options,
      posted: [{ kind: 'open', port: 1 }],
      frames: [{ kind: 'message', port: 1, message: 'hello' }],
    })
  })

  it('tells the better of the two reasons when it ends', () => {
    const engine = startUtilityEngine('/out/main/engine.js', options, trainers)
    const reasons: string[] = []
    engine.onExit((reason) => reasons.push(`exit: ${reason}`))
    engine.channel.onClose((reason) => reasons.push(`close: ${reason}`))
    electron.app.emit('child-process-gone', {}, { serviceName: 'another service', reason: 'crashed' })
    electron.app.emit('child-process-gone', {}, { serviceName: 'DinoScope engine', reason: 'oom' })
    electron.forked[0]?.emit('exit', 0)
    expect(reasons).toEqual(['close: it ran out of memory (code 0)', 'exit: it ran out of memory (code 0)'])
  })

  it('passes on why an engine cannot start, and the app says so and ends', () => {
    const engine = superviseEngine(() => startUtilityEngine('/out/main/engine.js', options, trainers))
    setupRefusal(engine)
    const [child] = electron.forked
    child?.emit('message', { kind: 'refused', error: { code: 'BUSY', message: 'the workspace is in use by process 7' } })
    expect(electron.dialog.showErrorBox).not.toHaveBeenCalled()
    child?.emit('exit', 1)
    expect({ state: engine.state(), started: electron.forked.length, shown: electron.dialog.showErrorBox.mock.calls, exit: electron.app.exit.mock.calls }).toEqual({
      state: { kind: 'stopped', reason: 'the workspace is in use by process 7', refusal: expect.objectContaining({ code: 'BUSY' }) },
      started: 1,
      shown: [['DinoScope cannot start', 'the workspace is in use by process 7']],
      exit: [[75]],
    })
  })

  it('waits longer for an engine that has checkpoints to wait for', () => {
    vi.useFakeTimers()
    const engine = startUtilityEngine('/out/main/engine.js', options, trainers)
    const [child] = electron.forked
    engine.stop(60_000)
    vi.advanceTimersByTime(59_999)
    const before = child?.killed.length
    vi.advanceTimersByTime(1)
    expect([before, child?.killed.length]).toEqual([0, 1])
    vi.useRealTimers()
  })

  it('is asked to stop, and is killed if it does not', () => {
    vi.useFakeTimers()
    const engine = startUtilityEngine('/out/main/engine.js', options, trainers)
    const [child] = electron.forked
    engine.stop()
    const before = child?.killed.length
    vi.advanceTimersByTime(3000)
    expect({ posted: child?.posted, before, after: child?.killed.length }).toEqual({ posted: [{ kind: 'stop' }], before: 0, after: 1 })
    vi.useRealTimers()
  })
})

describe('setupPagePorts', () => {
  it('joins a page, tells it when the engine is gone, and lets a page that comes then wait for the next engine', async () => {
    vi.useFakeTimers()
    const engine = superviseEngine(() => startUtilityEngine('/out/main/engine.js', options, trainers))
    setupPagePorts(engine)
    const page = electron.fakeContents()
    trust(page as unknown as WebContents)
    const port = { close: vi.fn() } as unknown as MessagePortMain
    const send = (): boolean => electron.ipcMainEvents.emit(channels.engine, { sender: page, senderFrame: page.mainFrame, ports: [port] })

    send()
    await vi.advanceTimersByTimeAsync(0)
    electron.forked[0]?.emit('exit', 139)
    send()
    await vi.advanceTimersByTimeAsync(1000)
    const attached = electron.forked.map((child) => child.posted.filter((message) => Array.isArray(message)))
    expect({ attached, sent: page.sent }).toEqual({
      attached: [[[{ kind: 'attach' }, [port]]], [[{ kind: 'attach' }, [port]]]],
      sent: [[channels.engineGone, 'it ended with code 139']],
    })
    vi.useRealTimers()
  })
})
