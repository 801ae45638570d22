/** @file Colours of patches over a real folder: made, named, worn by pictures and maps, there after a restart. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, engineContract, type Client, type ClientMessage, type EngineContract, type HostMessage, type ImageEntry } from '../../../src/engine/contract'
import { createEngine, type Engine } from '../../../src/engine/host'
import { memoryPair } from '../../../src/engine/link'
import { drawQuarters } from '../../helpers/pictures'
import { thrownBy } from '../../helpers/thrown'
import { addUntrainedModel } from '../../helpers/untrained-model'

const modelId = 'untrained-demo'

let folder: string
let engine: Engine
let client: Client<EngineContract>
let libraryId: string
let images: readonly ImageEntry[]

async function start(): Promise<void> {
  engine = await createEngine({ version: '1.2.3', workspace: join(folder, 'workspace'), resources: join(folder, 'resources'), provider: 'cpu', threads: 1 })
  const [page, host] = memoryPair<ClientMessage, HostMessage>()
  engine.host.attach(host)
  client = connect(engineContract, page).client
  const found: ImageEntry[] = []
  libraryId = (await client['library.open']({ path: join(folder, 'photos') }, (event) => {
    if (event.kind === 'found') found.push(...event.images)
  }).result).libraryId
  images = found
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'colours-'))
  await mkdir(join(folder, 'photos'))
  for (let turn = 0; turn < 4; turn++) await writeFile(join(folder, 'photos', `${turn}.png`), await drawQuarters(160, 160).rotate(90 * turn).png().toBuffer())
  await addUntrainedModel(join(folder, 'resources'))
  await mkdir(join(folder, 'resources', 'samples'))
  await start()
})
afterAll(async () => {
  await engine.dispose()
  await rm(folder, { recursive: true })
})

const create = (name: string) => client['colours.create']({ libraryId, rows: undefined, modelId, name }, () => undefined).result
const look = async (row: number) => client['view.analyse']({ imageId: images[row]!.id, modelId, size: 'evaluation' }).result

describe('colours', () => {
  it('need patch tokens', async () => {
    expect(await thrownBy(() => create('Early'))).toMatchObject({ code: 'NOT_FOUND', message: 'none of these pictures has patch tokens of Untrained demo yet; embed them with patches first' })
    await client['embed.run']({ libraryId, rows: undefined, modelId, patches: true }, () => undefined).result
  })

  it('are fitted once and mean the same in every picture and on the map of patches, also after a restart', async () => {
    const made = await create('Quarters')
    expect(made).toMatchObject({ name: 'Quarters', modelId, pictures: 4 })
    const map = await client['map.project']({ libraryId, modelId, pooling: 'cls', rows: undefined, subject: 'patches', method: 'pca', dims: 3, neighbours: 5, minDist: 0, seed: 1 }, () => undefined).result
    const { rgb: onMap } = await client['colours.map']({ libraryId, mapId: map.info.mapId, basisId: made.basisId })
    const worn = await Promise.all(images.map(async (_, row) => (await client['view.colours']({ analysisId: (await look(row)).analysisId, basisId: made.basisId })).rgb))
    const differences = Array.from(map.rows, (row, point) => Math.max(...[0, 1, 2].map((channel) => Math.abs(onMap[3 * point + channel]! - worn[row]![3 * map.patches![point]! + channel]!)))).sort((a, b) => a - b)
    expect({ points: onMap.length / 3, near: differences[Math.floor(0.95 * differences.length)]! <= 12 }).toEqual({ points: map.rows.length, near: true })

    await engine.dispose()
    await start()
    expect(await client['colours.list'](undefined)).toEqual([made])
    expect((await client['view.colours']({ analysisId: (await look(1)).analysisId, basisId: made.basisId })).rgb).toEqual(worn[1])
  })

  it('have one name each, can be renamed and removed', async () => {
    const made = await create('Second')
    expect(await thrownBy(() => create('second'))).toMatchObject({ code: 'ALREADY_EXISTS' })
    expect(await client['colours.rename']({ basisId: made.basisId, name: 'Third' })).toEqual({ ...made, name: 'Third' })
    await client['colours.remove']({ basisId: made.basisId })
    expect(await thrownBy(() => client['colours.rename']({ basisId: made.basisId, name: 'Fourth' }))).toMatchObject({ code: 'NOT_FOUND' })
    expect((await client['colours.list'](undefined)).map(({ name }) => name)).toEqual(['Quarters'])
  })

  it('are moved aside where their file is damaged', async () => {
    await writeFile(join(folder, 'workspace', 'colours', `${'a'.repeat(24)}.json`), '{"version":1')
    await engine.dispose()
    await start()
    expect((await client['colours.list'](undefined)).map(({ name }) => name)).toEqual(['Quarters'])
    expect((await readdir(join(folder, 'workspace', 'colours'))).filter((name) => name.includes('.corrupt-')).length).toBe(1)
  })
})
