/** @file The computer is kept awake while a run trains, and everywhere else it is said that it is not. */
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import { createKeepAwake, guardFor, type KeepAwake } from '../../src/shell'

function fixture(platform: NodeJS.Platform): { readonly keepAwake: KeepAwake; readonly log: string[]; readonly children: EventEmitter[] } {
  const log: string[] = []
  const children: EventEmitter[] = []
  const start = (command: string): ChildProcess => {
    log.push(`start ${command}`)
    const child = Object.assign(new EventEmitter(), { stdin: Object.assign(new EventEmitter(), { end: () => log.push('let go of the pipe') }), unref: () => undefined, kill: () => log.push('kill') })
    children.push(child)
    return child as unknown as ChildProcess
  }
  return { keepAwake: createKeepAwake({ platform, start, log: (line) => log.push(line) }), log, children }
}

describe('the keep-awake guard', () => {
  it.each([
    ['linux', 'systemd-inhibit', 'cat'],
    ['darwin', 'caffeinate', '4711'],
    ['win32', 'powershell.exe', 'ReadToEnd'],
  ] as const)('on %s is %s, which ends with this process', (platform, command, end) => {
    const guard = guardFor(platform, 4711)
    expect({ command: guard?.command, ends: guard?.args.at(-1)?.includes(end) }).toEqual({ command, ends: true })
  })

  it('is held once and released once, as often as wanted', () => {
    const { keepAwake, log, children } = fixture('linux')
    keepAwake.hold()
    keepAwake.hold()
    keepAwake.release()
    children[0]?.emit('exit', null)
    keepAwake.release()
    keepAwake.hold()
    expect(log).toEqual(['start systemd-inhibit', 'let go of the pipe', 'kill', 'start systemd-inhibit'])
  })

  it.each([
    ['is not there', (child: EventEmitter) => child.emit('error', new Error('spawn systemd-inhibit ENOENT')), 'systemd-inhibit: spawn systemd-inhibit ENOENT'],
    ['fails', (child: EventEmitter) => child.emit('exit', 1), 'systemd-inhibit ended with code 1'],
  ])('says so once where the program %s, and lets the training be', (_title, end, reason) => {
    const { keepAwake, log, children } = fixture('linux')
    keepAwake.hold()
    end(children[0] ?? new EventEmitter())
    keepAwake.hold()
    keepAwake.release()
    expect(log).toEqual(['start systemd-inhibit', `The computer is not kept awake while a run trains (${reason}); see that it does not go to sleep by itself.`])
  })

  it('says so on a system it knows nothing for', () => {
    const { keepAwake, log } = fixture('freebsd')
    keepAwake.hold()
    keepAwake.hold()
    expect(log).toEqual(['The computer is not kept awake while a run trains (nothing is known for freebsd); see that it does not go to sleep by itself.'])
  })

  it('notices for real that a program is not there', async () => {
    const log: string[] = []
    const keepAwake = createKeepAwake({ platform: 'linux', start: () => spawn('/nowhere/systemd-inhibit'), log: (line) => log.push(line) })
    keepAwake.hold()
    await expect.poll(() => log.length).toBe(1)
  })
})
