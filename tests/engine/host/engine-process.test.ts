/** @file The built engine process as Electron starts it: frames over the parent port, pages over ports of their own, an end on request. */
import { execFile, fork, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { encodeEngineOptions } from '../../../src/engine/link'
import { findAppFolders } from '../../../src/shell'
import { temporaryFolder } from '../../helpers/folders'

const { root, resources, engineModule } = findAppFolders()

beforeAll(async () => {
  await promisify(execFile)(process.execPath, [join(root, 'scripts', 'build.mjs')])
}, 180_000)

interface Sent {
  readonly from: 'parentPort' | 'page'
  readonly message: unknown
}

async function start(): Promise<{ readonly child: ChildProcess; readonly received: Sent[]; readonly exit: Promise<number | null> }> {
  const options = encodeEngineOptions({ version: '1', resources, workspace: join(await temporaryFolder(), 'workspace'), provider: 'cpu', threads: 1 })
  const child = fork(join(import.meta.dirname, 'utility-process-shim.mjs'), [pathToFileURL(engineModule).href, options], { serialization: 'advanced', stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const received: Sent[] = []
  child.on('message', (message) => received.push(message as Sent))
  return { child, received, exit: new Promise((resolve) => child.on('exit', resolve)) }
}

const listCall = { kind: 'call', id: '1', name: 'models.list', argument: undefined }
const listReply = { kind: 'reply', id: '1', ok: true, value: [expect.objectContaining({ id: 'dinoscope-mini' })] }

describe('the engine process under a parent port', () => {
  it('serves the shell by frames and a page by its own port, then ends when asked to', async () => {
    const { child, received, exit } = await start()
    for (const frame of [{ kind: 'open', port: 1 }, { kind: 'message', port: 1, message: listCall }]) child.send({ to: 'parentPort', message: frame })
    child.send({ to: 'parentPort', message: { kind: 'attach' } })
    child.send({ to: 'page', message: listCall })
    await expect.poll(() => received.length, { timeout: 30_000 }).toBe(2)
    expect(received.sort((left, right) => left.from.localeCompare(right.from))).toEqual([
      { from: 'page', message: listReply },
      { from: 'parentPort', message: { kind: 'message', port: 1, message: listReply } },
    ])
    child.send({ to: 'parentPort', message: { kind: 'stop' } })
    expect(await exit).toBe(0)
  })
})
