/** @file Folders of the real engine over a real store: listed, followed, forgotten, and kept inside the server's root. */
import { mkdir, mkdtemp, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, engineContract, type Client, type ClientMessage, type EngineContract, type HostMessage, type LibraryChanges, type LibraryEvent } from '../../../src/engine/contract'
import { createEngine, type Engine } from '../../../src/engine/host'
import { memoryPair } from '../../../src/engine/link'
import { ofKind, until } from '../../helpers/libraries'
import { jpegPicture } from '../../helpers/pictures'
import { thrownBy } from '../../helpers/thrown'

const resources = join(import.meta.dirname, '..', '..', '..', 'resources')
let place: string
let engine: Engine | undefined

/** Ends the engine that runs and starts another on the same workspace. */
async function start(root?: string): Promise<Client<EngineContract>> {
  await engine?.dispose()
  engine = await createEngine({ version: '1', workspace: join(place, 'workspace'), resources, provider: 'cpu', threads: 1, ...(root === undefined ? {} : { root }) })
  const [page, host] = memoryPair<ClientMessage, HostMessage>()
  engine.host.attach(host)
  return connect(engineContract, page).client
}

async function open(client: Client<EngineContract>, path: string) {
  const events: LibraryEvent[] = []
  return { events, summary: await client['library.open']({ path }, (event) => events.push(event)).result }
}

beforeAll(async () => {
  place = await realpath(await mkdtemp(join(tmpdir(), 'engine-library-')))
  for (const folder of ['one', 'two']) {
    await mkdir(join(place, folder))
    await writeFile(join(place, folder, 'a.jpg'), await jpegPicture(300, 200))
  }
})
afterAll(async () => {
  await engine?.dispose()
  await rm(place, { recursive: true })
})

describe('folders of the engine', () => {
  it('are listed newest first, without the samples, over restarts and while they are away', async () => {
    const first = await start()
    for (const path of [join(place, 'one'), join(place, 'two'), (await first['library.samples'](undefined)).path]) await open(first, path)
    await rename(join(place, 'one'), join(place, 'away'))
    const client = await start()
    const folders = await client['library.folders'](undefined)
    const { events, summary } = await open(client, join(place, 'one'))
    const [image] = ofKind(events, 'found').flatMap(({ images }) => images)
    const { width, height } = await client['image.render']({ imageId: image?.id ?? '', maxEdge: 384 })
    expect({ folders: folders.map(({ path, name, images, online }) => [path, name, images, online]), summary, thumbnail: [width, height] }).toMatchObject({
      folders: [[join(place, 'two'), 'two', 1, true], [join(place, 'one'), 'one', 1, false]],
      summary: { images: 1, gone: 1, offline: true },
      thumbnail: [300, 200],
    })
    await rename(join(place, 'away'), join(place, 'one'))
  })

  it('tell every page what happens in them', async () => {
    const client = await start()
    const { summary } = await open(client, join(place, 'two'))
    const changes: LibraryChanges[] = []
    client['library.changed']((change) => changes.push(change))
    await writeFile(join(place, 'two', 'b.jpg'), await jpegPicture(64, 48))
    await until(() => changes.some(({ events }) => events.some(({ kind }) => kind === 'checked')))
    expect(changes.map(({ libraryId, events }) => [libraryId, events.map(({ kind }) => kind)])).toEqual([[summary.libraryId, ['found']], [summary.libraryId, ['checked']]])
  })

  it('are those below its root alone, where a server was started for one', async () => {
    const all = await start()
    await open(all, join(place, 'one'))
    const client = await start(join(place, 'two'))
    await rename(join(place, 'one'), join(place, 'away'))
    const codes = await Promise.all([thrownBy(() => client['library.forget']({ path: join(place, 'one') })), thrownBy(() => open(client, join(place, 'one')))])
    await rename(join(place, 'away'), join(place, 'one'))
    expect({ listed: (await client['library.folders'](undefined)).map(({ name }) => name), codes, outside: await thrownBy(() => open(client, join(place, 'one'))) }).toMatchObject({
      listed: ['two'],
      codes: [{ code: 'NOT_FOUND' }, { code: 'SOURCE_UNAVAILABLE' }],
      outside: { code: 'FORBIDDEN' },
    })
  })

  it('are forgotten when asked to, and then new again', async () => {
    const client = await start()
    await client['library.forget']({ path: join(place, 'one') })
    const names = (await client['library.folders'](undefined)).map(({ name }) => name)
    const { events } = await open(client, join(place, 'one'))
    expect({ names, read: ofKind(events, 'progress').at(-1)?.done }).toEqual({ names: ['two'], read: 1 })
  })
})
