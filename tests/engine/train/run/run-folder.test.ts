import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { scanFolder } from '../../../../src/engine/library'
import {
  createRunFolder,
  createRunFolderAt,
  imagePath,
  lockRun,
  openRunFolder,
  readRunImages,
  readRunRecipe,
  readRunStatus,
  removeRunFolder,
  renameRun,
  type ListedImage,
} from '../../../../src/engine/train/run'
import { runId } from '../../../../src/engine/train/run/run-id'
import { temporaryFolder } from '../../../helpers/folders'
import { thrownBy } from '../../../helpers/thrown'
import { interceptFs, systemError } from './support/faulty-fs'
import { images, makeRun, recipe, summary } from './support/runs'

let restore = (): void => undefined
afterEach(() => {
  restore()
})

test('a run is opened as it was made, with its pictures and its recipe', async () => {
  const folder = await temporaryFolder()
  const init = { name: 'DINO ViT-Ti/16', folder: '/models/dino', sha256: 'ab'.repeat(32) }
  const made = await createRunFolder(join(folder, 'runs'), { name: '  Châteaux, at night ', root: '/photos', init, summary, stepsTotal: 300 }, images, recipe)
  const run = await openRunFolder(made.folder)
  expect(run).toEqual(made)
  expect(run.description).toEqual({
    schema: 1,
    id: expect.stringMatching(/^chateaux-at-night-\d{8}-[0-9a-f]{6}$/),
    name: 'Châteaux, at night',
    createdAt: expect.any(String),
    root: '/photos',
    init,
    summary,
    images: 2,
    imagesSha256: expect.any(String),
    recipeSha256: expect.any(String),
  })
  expect(await readRunImages(run)).toEqual([
    { path: '/photos/a.jpg', relativePath: 'a.jpg', sizeBytes: 10 },
    { path: '/photos/sub/b.png', relativePath: 'sub/b.png', sizeBytes: 20 },
  ])
  expect(await readRunRecipe(run)).toBe(recipe)
  expect(await readRunStatus(run.folder)).toMatchObject({ state: 'starting', step: 0, stepsTotal: 300 })
  expect(await readdir(join(folder, 'runs'))).toEqual([run.description.id])
})

test.each([
  ['Flowers', 'flowers-20260203-0102ff'],
  ['花', 'run-20260203-0102ff'],
  ['../../etc', 'etc-20260203-0102ff'],
  ['x'.repeat(90), `${'x'.repeat(40)}-20260203-0102ff`],
])('the id of %s is a safe folder name', (name, id) => {
  expect(runId(name, new Date(2026, 1, 3), new Uint8Array([1, 2, 255]))).toBe(id)
})

test.runIf(process.platform === 'linux')('every picture that a scan finds is found again by its listed path, whatever bytes its name has', async () => {
  const root = await temporaryFolder({ 'plain.jpg': 'a', 'sub/ümlaut.jpg': 'b', 'back\\slash.jpg': 'c', 'e\\xE9.jpg': 'd' })
  await writeFile(Buffer.concat([Buffer.from(`${root}/caf`), Buffer.from([0xe9]), Buffer.from('\\.jpg')]), 'e')
  await mkdir(Buffer.concat([Buffer.from(`${root}/d`), Buffer.from([0xff])]))
  await writeFile(Buffer.concat([Buffer.from(`${root}/d`), Buffer.from([0xff]), Buffer.from('/ü.jpg')]), 'f')
  const listed: ListedImage[] = []
  for await (const batch of scanFolder(root, { signal: new AbortController().signal })) listed.push(...batch.images.map(({ relativePath, sizeBytes }) => ({ relativePath, sizeBytes })))
  const run = await createRunFolder(await temporaryFolder(), { name: 'n', root, init: undefined, summary }, listed, recipe)
  const found = await readRunImages(run)
  const contents = await Promise.all(found.map(async ({ path }) => (await readFile(path)).toString()))
  expect(contents.sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
})

test.each(['../x.jpg', '/etc/passwd', 'a//b.jpg', 'a/../../b.jpg', '', 'a\0.jpg'])('a listed path that leaves the folder is refused: %j', async (path) => {
  expect(await thrownBy(() => imagePath('/photos', path))).toMatchObject({ code: 'CHECKPOINT', message: expect.stringContaining(JSON.stringify(path)) })
})

test('a changed list of pictures and a changed recipe are noticed', async () => {
  const run = await makeRun(await temporaryFolder())
  await writeFile(join(run.folder, 'images.json'), '{"schema":1,"images":[["a.jpg",11],["sub/b.png",20]]}')
  expect(await thrownBy(() => readRunImages(run))).toMatchObject({ code: 'CHECKPOINT', message: expect.stringContaining('is not the list of pictures this run began with') })
  await writeFile(join(run.folder, 'recipe.yaml'), 'preset: other\n')
  expect(await thrownBy(() => readRunRecipe(run))).toMatchObject({ code: 'CHECKPOINT', message: expect.stringContaining('recipe.yaml has changed since the run began') })
})

test.each([
  ['not JSON', '{"schema":1', 'is damaged: it is not JSON'],
  ['of another form', '{"schema":1,"id":"x"}', 'is damaged: name: '],
  ['newer', '{"schema":2}', 'was written by a newer DinoScope (its schema is 2, this one reads 1); update DinoScope to open it'],
])('a description that is %s is refused', async (_what, text, message) => {
  const run = await makeRun(await temporaryFolder())
  await writeFile(join(run.folder, 'run.json'), text)
  expect(await thrownBy(() => openRunFolder(run.folder))).toMatchObject({ code: 'CHECKPOINT', message: expect.stringContaining(message) })
})

test('a folder that is no run is not found', async () => {
  const folder = await temporaryFolder()
  expect(await thrownBy(() => openRunFolder(folder))).toMatchObject({ code: 'NOT_FOUND', message: `${folder} is not a run: it has no readable run.json` })
})

test('a run goes to the very place that was chosen, over nothing that holds something', async () => {
  const folder = await temporaryFolder({ 'taken/file': '' })
  const draft = { name: 'n', root: '/photos', init: undefined, summary }
  await mkdir(join(folder, 'empty'))
  for (const name of ['new', 'empty']) expect((await createRunFolderAt(join(folder, name), draft, images, recipe)).description.id).toBe(name)
  for (const name of ['taken', 'new', 'taken/file'])
    expect(await thrownBy(() => createRunFolderAt(join(folder, name), draft, images, recipe))).toMatchObject({ code: 'ALREADY_EXISTS', detail: { path: join(folder, name) } })
  expect(await readdir(folder)).toEqual(['empty', 'new', 'taken'])
  expect(await readdir(join(folder, 'taken'))).toEqual(['file'])
})

test('whichever change of the disk fails while a run is made, there is the whole run or none', async () => {
  const folder = await temporaryFolder()
  let failures = 0
  for (let failing = 0; ; failing++) {
    const runs = join(folder, String(failing))
    let count = 0
    restore = interceptFs((operation) => {
      if (count++ === failing) throw systemError('EIO', operation)
    })
    const result = await createRunFolder(runs, { name: 'n', root: '/photos', init: undefined, summary }, images, recipe).catch((error: unknown) => error)
    restore()
    const names = await readdir(runs).catch(() => [])
    expect(names.length).toBeLessThanOrEqual(1)
    for (const name of names) expect(await readRunImages(await openRunFolder(join(runs, name)))).toHaveLength(2)
    if (count <= failing) {
      expect(names).toHaveLength(1)
      break
    }
    expect(result).toMatchObject({ code: 'DISK' })
    failures++
  }
  expect(failures).toBeGreaterThan(20)
})

test('a run is renamed for people and keeps its place', async () => {
  const run = await makeRun(await temporaryFolder())
  const renamed = await renameRun(run, ' Second try ')
  expect(renamed).toEqual({ folder: run.folder, description: { ...run.description, name: 'Second try' } })
  expect(await openRunFolder(run.folder)).toEqual(renamed)
  for (const name of ['  ', 'x'.repeat(201)]) expect(await thrownBy(() => renameRun(run, name))).toMatchObject({ code: 'BAD_REQUEST' })
})

test('a run is removed, unless somebody trains it', async () => {
  const folder = await temporaryFolder()
  const run = await makeRun(folder)
  const lock = await lockRun(run.folder)
  expect(await thrownBy(() => removeRunFolder(run))).toMatchObject({ code: 'BUSY' })
  await lock.release()
  await removeRunFolder(run)
  expect(await readdir(join(folder, 'runs'))).toEqual([])
  expect(await thrownBy(() => removeRunFolder(run))).toMatchObject({ code: 'NOT_FOUND' })
})
