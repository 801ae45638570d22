/** @file `serve` with the real engine process: what it prints, how it ends, and what a page notices when the engine dies. */
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { forkEngine } from '../../../src/cli/serve/engine-child'
import { startServer } from '../../../src/cli/serve/server'
import { findAppFolders, superviseEngine, textResponse } from '../../../src/shell'
import { finished, runCli, startCli } from '../run-cli'
import { openPage, readyUrl } from './page'

let workspace: string
beforeAll(async () => {
  workspace = await mkdtemp(join(tmpdir(), 'serve-'))
})
afterAll(async () => {
  await rm(workspace, { recursive: true })
})

describe('dinoscope serve', () => {
  it('prints one line, answers a page, and ends cleanly when it is told to', async () => {
    const child = startCli(['serve'], workspace)
    const end = finished(child)
    const url = await readyUrl(child.stdout)
    const page = await openPage(url)
    const models = await page.client['models.list'](undefined)
    const closed = new Promise<string>((resolve) => page.onClose(resolve))
    child.kill('SIGTERM')
    const { code, stdout } = await end
    await closed
    expect({ code, stdout, models: models.map(({ id }) => id) }).toEqual({ code: 0, stdout: `DinoScope is ready at ${url}\n`, models: ['dinoscope-mini'] })
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[A-Za-z0-9_-]{22,}$/)
  })

  it('ends with 75 when the port is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => taken.once('listening', resolve))
    const { port } = taken.address() as { port: number }
    const { code, stdout, stderr } = await runCli(['serve', '--port', String(port)], workspace)
    taken.close()
    expect({ code, stdout, told: stderr.includes(`port ${port} is in use`) }).toEqual({ code: 75, stdout: '', told: true })
  })

  it('ends with 75 and says who is there when another process uses the workspace, which goes on', async () => {
    const shared = join(workspace, 'shared')
    const first = startCli(['serve'], shared)
    const end = finished(first)
    const url = await readyUrl(first.stdout)
    const { code, stdout, stderr } = await runCli(['serve'], shared)
    expect({ code, stdout }).toEqual({ code: 75, stdout: '' })
    expect(stderr).toMatch(new RegExp(`The workspace ${shared} is in use by process \\d+ on .* since \\d{4}-`))
    expect(stderr).not.toMatch(/started again|dinoscope engine/)
    const page = await openPage(url)
    expect(await page.client['models.list'](undefined)).toHaveLength(1)
    first.kill('SIGTERM')
    expect((await end).code).toBe(0)
  })
})

describe('the engine process', () => {
  it('is missed at once and replaced when it is killed', async () => {
    const { engineModule, resources } = findAppFolders()
    let pid: number | undefined
    const engine = superviseEngine(() => {
      const child = forkEngine(engineModule, { version: '1', resources, workspace })
      pid = child.pid
      return child
    })
    const server = await startServer({
      port: 0,
      surface: () => Promise.resolve(textResponse(404, 'Not found')),
      openEngine: async () => {
        await engine.ready()
        return engine.openPort()
      },
    })
    const page = await openPage(server.url)
    await page.client['library.samples'](undefined)
    const closed = new Promise<string>((resolve) => page.onClose(resolve))
    const killedMs = performance.now()
    process.kill(pid ?? 0, 'SIGKILL')
    const reason = await closed
    const noticedMs = performance.now() - killedMs
    const next = await openPage(server.url)
    const samples = await next.client['library.samples'](undefined)
    const backMs = performance.now() - killedMs
    next.close()
    await server.close()
    await engine.stop()
    expect({ reason, noticed: noticedMs < 2000, samples, back: backMs < 15_000 }).toEqual({ reason: '1012 it was ended by SIGKILL', noticed: true, samples: { path: join(resources, 'samples') }, back: true })
  })
})
