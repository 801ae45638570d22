/** @file Official models through the whole engine: listed, fetched from a mirror that breaks off, made models of, and refused when they are none. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, engineContract, type Client, type ClientMessage, type EngineContract, type HostMessage, type Progress } from '../../../src/engine/contract'
import { createEngine, type Engine } from '../../../src/engine/host'
import { memoryPair } from '../../../src/engine/link'
import { startRudeServer, type RudeServer } from '../../helpers/rude-server'
import { thrownBy } from '../../helpers/thrown'
import { addUntrainedModel } from '../../helpers/untrained-model'

const root = join(import.meta.dirname, '..', '..', '..')
const entryId = 'small'

let folder: string
let server: RudeServer
let engine: Engine
let client: Client<EngineContract>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hub-'))
  server = await startRudeServer(await readFile(join(root, 'tests', 'fixtures', 'goldens', 'vit', 'dinov2-p14', 'weights.pth')))
  const resources = join(folder, 'resources')
  await mkdir(join(resources, 'samples'), { recursive: true })
  await addUntrainedModel(resources)
  const { entries } = JSON.parse(await readFile(join(root, 'resources', 'catalogue.json'), 'utf8')) as { entries: readonly Record<string, unknown>[] }
  const small = { ...entries.find(({ id }) => id === 'dinov2-vits14'), id: entryId, name: 'A small one', url: 'https://dl.example.com/dinov2/small/small_pretrain.pth' }
  await writeFile(join(resources, 'catalogue.json'), JSON.stringify({ version: 1, source: 'test', entries: [small] }))
  engine = await createEngine({ version: '1.2.3', workspace: join(folder, 'workspace'), resources, provider: 'cpu', threads: 1 })
  const [page, host] = memoryPair<ClientMessage, HostMessage>()
  engine.host.attach(host)
  client = connect(engineContract, page).client
})
afterAll(async () => {
  await engine.dispose()
  await server.stop()
  await rm(folder, { recursive: true })
})

const download = (onEvent: (event: Progress) => void = () => undefined) => client['hub.download']({ entryId, mirror: `${server.url}/mirror` }, onEvent).result

describe('official models', () => {
  it('are listed with what they would cost on this machine', async () => {
    const [entry] = await client['hub.list'](undefined)
    expect(entry).toMatchObject({ entryId, kind: 'backbone', name: 'A small one', architecture: 'ViT-S/14', parameters: 22_056_576, licence: 'Apache-2.0', installed: undefined, begunBytes: 0 })
    // 6.124 GMACs at some hundred GMACs a second.
    expect(entry!.imagesPerSecond).toBeGreaterThan(0.5)
    expect(entry!.imagesPerSecond).toBeLessThan(500)
  })

  it('that break off are gone on with, and become a model', async () => {
    server.manners = (request) => (request === 0 ? { kind: 'cut', after: 200_000 } : { kind: 'status', status: 403 })
    expect(await thrownBy(() => download())).toMatchObject({ code: 'NETWORK' })
    expect((await client['hub.list'](undefined))[0]).toMatchObject({ installed: undefined, begunBytes: 200_000 })
    server.manners = () => ({ kind: 'serve' })
    const titles = new Set<string>()
    const { modelId } = await download(({ title }) => titles.add(title))
    expect(server.seen.at(-1)).toBe('/mirror/dinov2/small/small_pretrain.pth bytes=200000-')
    expect([...titles][0]).toBe('Downloading small_pretrain.pth')
    const models = await client['models.list'](undefined)
    expect(models.find(({ id }) => id === modelId)).toMatchObject({ name: 'A small one', trained: true, patchSize: 14 })
    expect((await client['hub.list'](undefined))[0]).toMatchObject({ installed: modelId, begunBytes: 0 })
    expect(await readdir(join(folder, 'workspace', 'downloads'))).toEqual([])
  })

  it('that are no model when they have come say why, and leave nothing', async () => {
    server.content = Buffer.from('these are no weights')
    expect(await thrownBy(() => download())).toMatchObject({ code: expect.stringMatching(/^(?:MODEL|PICKLE)_/) as string })
    expect(await readdir(join(folder, 'workspace', 'downloads'))).toEqual([])
  })

  it('that are not in the catalogue are not there', async () => {
    expect(await thrownBy(() => client['hub.download']({ entryId: 'none', mirror: undefined }).result)).toMatchObject({ code: 'NOT_FOUND' })
  })
})
