import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadBackbone, type Backbone } from '../../../../src/engine/inference'
import { createRuntime, type Runtime } from '../../../../src/engine/runtime'
import { listProbes, prepareProbes, readReportProbes, writeProbes, type ProbeCandidate, type ProbeModel } from '../../../../src/engine/train/watch'
import { probeChoice } from '../../../../src/engine/train/watch/probe-set'
import { temporaryFolder } from '../../../helpers/folders'
import { jpegPicture } from '../../../helpers/pictures'
import { thrownBy } from '../../../helpers/thrown'
import { openUntrainedModel } from '../../../helpers/untrained-model'

const options = { seed: 1, count: 2, patchSize: 14, trainedSize: 56 }

let runtime: Runtime
let untrained: Awaited<ReturnType<typeof openUntrainedModel>>
let backbone: Backbone
let model: ProbeModel
beforeAll(async () => {
  runtime = await createRuntime({ preferred: 'cpu', threads: 1 })
  untrained = await openUntrainedModel()
  backbone = loadBackbone(runtime, untrained.model)
  model = { config: backbone.config, preprocessing: backbone.manifest.preprocessing, look: backbone.look }
})
afterAll(() => runtime.dispose())

const candidates = (...sizes: readonly (readonly [width: number, height: number] | 'broken')[]): ProbeCandidate[] =>
  sizes.map((size, index) => ({ relativePath: `deep/${index}.jpg`, read: async () => (size === 'broken' ? Buffer.from('no picture') : jpegPicture(...size)) }))
const never: ProbeCandidate = { relativePath: 'gone.jpg', read: () => Promise.reject(new Error('must not be read again')) }

describe('the choice of probe pictures', () => {
  it('takes one of each stretch, the same for the same seed', () => {
    const chosen = probeChoice(1000, 4, 7)
    expect(chosen.map((index) => Math.floor(index / 250))).toEqual([0, 1, 2, 3])
    expect(probeChoice(1000, 4, 7)).toEqual(chosen)
    expect(probeChoice(1000, 4, 8)).not.toEqual(chosen)
    expect(probeChoice(3, 4, 7)).toEqual([0, 1, 2])
  })
})

describe('probe pictures', () => {
  it('are written for every step, whole patches of the size that suits the picture, and listed', async () => {
    const folder = await temporaryFolder()
    const probes = await prepareProbes(folder, candidates([300, 200], [40, 30]), options)
    expect(probes.map(({ name, relativePath, height, width }) => ({ name, relativePath, height, width }))).toEqual([
      { name: '0.jpg', relativePath: 'deep/0.jpg', height: 196, width: 294 },
      { name: '1.jpg', relativePath: 'deep/1.jpg', height: 56, width: 70 },
    ])
    await writeProbes(folder, probes, model, 20)
    await writeProbes(folder, probes, model, 0, { heads: true })
    expect((await readdir(join(folder, 'probes'), { recursive: true })).sort()).toEqual(
      [
        ...['0-photo.png', '1-photo.png', 'index.json', 'step-00000000', 'step-00000020'],
        ...[0, 1].flatMap((picture) => [0, 1, 2].map((head) => join('step-00000000', `${picture}-attention-head-${head}.png`))),
        ...['step-00000000', 'step-00000020'].flatMap((step) => [0, 1].flatMap((picture) => ['attention', 'pca'].map((kind) => join(step, `${picture}-${kind}.png`)))),
      ].sort(),
    )
    const frames = await listProbes(folder)
    expect(frames.map(({ step, pictures }) => [step, pictures.map(({ name }) => name)])).toEqual([
      [0, ['0.jpg', '1.jpg']],
      [20, ['0.jpg', '1.jpg']],
    ])
    const sizes = await Promise.all([frames[1]!.pictures[0]!.attention, frames[1]!.pictures[1]!.pca, frames[1]!.pictures[1]!.photo].map(async (path) => sharp(await readFile(path)).metadata()))
    expect(sizes.map(({ width, height }) => [width, height])).toEqual([
      [588, 392],
      [280, 224],
      [70, 56],
    ])
  })

  it('come into a report as data URIs, first and last moment among them', async () => {
    const folder = await temporaryFolder()
    expect(await readReportProbes(folder)).toEqual([])
    const probes = await prepareProbes(folder, candidates([60, 60], [80, 60]), options)
    for (const step of [0, 10, 20]) await writeProbes(folder, probes, model, step)
    const shown = await readReportProbes(folder, { moments: 2, pictures: 1 })
    const uri = /^data:image\/png;base64,iVBORw0KGgo/
    expect(shown).toEqual([
      { name: '0.jpg', photo: expect.stringMatching(uri), moments: [0, 20].map((step) => ({ step, attention: expect.stringMatching(uri), pca: expect.stringMatching(uri) })) },
    ])
  })

  it('stay the same pictures, and become the same files again, when a run is resumed without the originals', async () => {
    const folder = await temporaryFolder()
    const first = await prepareProbes(folder, candidates([60, 60], [80, 60]), options)
    await writeProbes(folder, first, model, 0)
    const written = await writeProbes(folder, first, model, 10)
    const before = await readFile(join(written, '1-pca.png'))
    const again = await prepareProbes(folder, [never, never], options)
    await writeProbes(folder, again, model, 10)
    expect(again).toEqual(first)
    expect(await readFile(join(written, '1-pca.png'))).toEqual(before)
  })

  it('pass over broken pictures for others', async () => {
    const folder = await temporaryFolder()
    const chosen = await prepareProbes(folder, candidates('broken', [60, 60], 'broken', 'broken', [60, 60], 'broken'), { ...options, count: 1 })
    expect(chosen.map(({ name }) => ['1.jpg', '4.jpg'].includes(name))).toEqual([true])
    expect(await prepareProbes(await temporaryFolder(), candidates('broken'), options)).toEqual([])
  })

  it('are all there or not at all when the model fails in between', async () => {
    const folder = await temporaryFolder()
    const probes = await prepareProbes(folder, candidates([60, 60], [60, 60]), options)
    let looks = 0
    const failing: ProbeModel = { ...model, look: (batch, queries) => (looks++ === 0 ? model.look(batch, queries) : Promise.reject(new Error('lost the device'))) }
    expect(await thrownBy(() => writeProbes(folder, probes, failing, 5))).toMatchObject({ message: 'lost the device' })
    expect((await readdir(join(folder, 'probes'))).sort()).toEqual(['0-photo.png', '1-photo.png', 'index.json'])
    expect(await listProbes(folder)).toEqual([])
  })

  it('refuse results of another model', async () => {
    const folder = await temporaryFolder()
    const probes = await prepareProbes(folder, candidates([60, 60]), options)
    expect(await thrownBy(() => writeProbes(folder, probes, { ...model, config: { ...model.config, registers: 4 } }, 5))).toMatchObject({ code: 'INTERNAL' })
  })

  it('are none in a folder that never looked, and a damaged index says so', async () => {
    const folder = await temporaryFolder()
    expect(await listProbes(folder)).toEqual([])
    await prepareProbes(folder, candidates([60, 60]), options)
    await writeFile(join(folder, 'probes', 'index.json'), '{')
    expect(await thrownBy(() => listProbes(folder))).toMatchObject({ code: 'CHECKPOINT', message: expect.stringContaining('delete the folder of probe pictures') })
    await rm(join(folder, 'probes'), { recursive: true })
    expect(await listProbes(folder)).toEqual([])
  })
})
