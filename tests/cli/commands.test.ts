/** @file The command line, run for real: what it writes, what it prints, and the status it ends with. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeNpy } from '../../src/engine/export'
import { jpegPicture } from '../helpers/pictures'
import { finished, lastJson, root, runCli, startCli } from './run-cli'

const fast = ['--provider', 'cpu', '--threads', '1']
let folder: string
let workspace: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cli-'))
  workspace = join(folder, 'workspace')
  await mkdir(join(folder, 'photos', 'deep'), { recursive: true })
  await writeFile(join(folder, 'photos', 'a.jpg'), await jpegPicture(300, 200))
  await writeFile(join(folder, 'photos', 'deep', 'c.jpg'), await jpegPicture(200, 300))
  await writeFile(join(folder, 'photos', '=b.jpg'), await jpegPicture(250, 250))
  await writeFile(join(folder, 'photos', 'broken.jpg'), 'not a picture')
})
afterAll(async () => {
  await rm(folder, { recursive: true })
})

const photo = (name: string): string => join(folder, 'photos', name)
const npy = async (...path: string[]): Promise<ReturnType<typeof decodeNpy>> => decodeNpy(await readFile(join(folder, ...path)))

describe('dinoscope inspect', () => {
  const overlaid = ['attention-head-0', 'attention-head-1', 'attention-head-2', 'attention-mean', 'pca', 'segments'].flatMap((name) => [`${name}-overlay.png`, `${name}.png`])
  const pictures = [...overlaid, 'object-tokencut.png', 'object-lost.png', 'artefacts.png']
  const names = [...pictures, 'attention.npy', 'inspect.json', 'tokens.npy'].sort()

  it('writes one picture straight into the folder, and prints one JSON object last', async () => {
    const result = await runCli(['inspect', photo('a.jpg'), '--out', join(folder, 'one'), '--json', ...fast], workspace)
    const [tokens, attention] = [await npy('one', 'tokens.npy'), await npy('one', 'attention.npy')]
    const sizes = await Promise.all(pictures.map(async (name) => sharp(await readFile(join(folder, 'one', name))).metadata()))
    expect({ code: result.code, files: await readdir(join(folder, 'one')), tokens: [tokens.dtype, tokens.shape], attention: [attention.dtype, attention.shape], sizes: sizes.map(({ width, height }) => [width, height]) }).toEqual({
      code: 0,
      files: names,
      tokens: ['float32', [1 + 16 * 16, 192]],
      attention: ['float32', [3, 16 * 16]],
      sizes: pictures.map(() => [128, 128]),
    })
    expect(lastJson(result)).toMatchObject({ images: [{ image: photo('a.jpg'), folder: join(folder, 'one') }], failed: [] })
    expect(JSON.parse(await readFile(join(folder, 'one', 'inspect.json'), 'utf8'))).toMatchObject({ image: 'a.jpg', model: { id: 'dinoscope-mini', trained: true }, size: 'evaluation', gridHeight: 16, gridWidth: 16, note: expect.stringContaining('centre 128 × 128') })
  })

  it('gives several a folder each, names the one it cannot read, and fails at the end', async () => {
    const result = await runCli(['inspect', photo('a.jpg'), photo('broken.jpg'), photo('deep/c.jpg'), '--out', join(folder, 'many'), '--size', '112', '--json', ...fast], workspace)
    expect({ code: result.code, folders: await readdir(join(folder, 'many')), shapes: [(await npy('many', 'a', 'attention.npy')).shape, (await npy('many', 'c', 'attention.npy')).shape], files: await readdir(join(folder, 'many', 'c')) }).toEqual({
      code: 1,
      folders: ['a', 'c'],
      shapes: [
        [3, 14 * 21],
        [3, 21 * 14],
      ],
      files: names,
    })
    expect(result.stderr).toContain(`${photo('broken.jpg')}: IMG_CORRUPT: `)
    expect(lastJson(result)).toMatchObject({ failed: [{ relativePath: photo('broken.jpg'), code: 'IMG_CORRUPT' }] })
  })
})

describe('dinoscope embed', () => {
  it('writes CSV that no spreadsheet runs, with the broken picture named on stderr', async () => {
    const out = join(folder, 'vectors.csv')
    const result = await runCli(['embed', join(folder, 'photos'), '--out', out, '--json', ...fast], workspace)
    const lines = (await readFile(out, 'utf8')).trim().split('\n')
    expect({ code: result.code, names: lines.map((line) => line.split(',')[0]), widths: new Set(lines.map((line) => line.split(',').length)) }).toEqual({ code: 0, names: ['filename', `"'=b.jpg"`, 'a.jpg', 'deep/c.jpg'], widths: new Set([193]) })
    expect(lastJson(result)).toMatchObject({ files: [out], images: 3, dim: 192, pooling: 'cls', skipped: [{ relativePath: 'broken.jpg', code: 'IMG_CORRUPT' }] })
    expect(result.stderr).toContain('broken.jpg: IMG_CORRUPT: ')
  })

  it('writes NPY with its names, the same CLS vectors as inspect', async () => {
    const out = join(folder, 'vectors.npy')
    const result = await runCli(['embed', join(folder, 'photos'), '--out', out, '--pool', 'cls+mean', ...fast], workspace)
    const vectors = await npy('vectors.npy')
    const sidecar = JSON.parse(await readFile(`${out}.json`, 'utf8')) as { names: string[] }
    const tokens = await npy('one', 'tokens.npy')
    const row = sidecar.names.indexOf('a.jpg')
    const difference = Array.from({ length: 192 }, (_, index) => Math.abs(Number(vectors.data[row * 384 + index]) - Number(tokens.data[index])))
    expect({ code: result.code, shape: vectors.shape, sidecar, same: Math.max(...difference) < 1e-4 }).toEqual({
      code: 0,
      shape: [3, 384],
      sidecar: expect.objectContaining({ file: 'vectors.npy', shape: [3, 384], pooling: 'cls+mean', names: ['=b.jpg', 'a.jpg', 'deep/c.jpg'], model: expect.objectContaining({ id: 'dinoscope-mini' }) }),
      same: true,
    })
  })

  it('fails when no picture can be embedded, and leaves no file', async () => {
    await mkdir(join(folder, 'ruined'))
    await writeFile(join(folder, 'ruined', 'broken.jpg'), 'not a picture')
    const result = await runCli(['embed', join(folder, 'ruined'), '--out', join(folder, 'ruined.npy'), '--json', ...fast], workspace)
    expect({ code: result.code, error: lastJson(result)['error'], left: (await readdir(folder)).filter((name) => name.includes('ruined.')) }).toEqual({
      code: 1,
      error: { code: 'IMG_CORRUPT', message: 'none of the 1 pictures could be embedded', detail: { problems: [expect.objectContaining({ relativePath: 'broken.jpg', code: 'IMG_CORRUPT' })] } },
      left: [],
    })
  })

  it('ends with 130 within a second or so of Ctrl-C, and leaves no file', async () => {
    const many = join(folder, 'many-photos')
    await mkdir(many)
    const picture = await jpegPicture(640, 480)
    for (let index = 0; index < 600; index++) await writeFile(join(many, `${index}.jpg`), picture)
    const child = startCli(['embed', many, '--out', join(folder, 'cancelled.npy'), '--json', ...fast], workspace)
    let askedMs = 0
    const result = await finished(child, (text) => {
      if (askedMs > 0 || !text.includes('Embedding images')) return
      askedMs = performance.now()
      child.kill('SIGINT')
    })
    expect({ code: result.code, soon: performance.now() - askedMs < 3000, left: (await readdir(folder)).filter((name) => name.includes('cancelled')), error: lastJson(result)['error'] }).toEqual({
      code: 130,
      soon: true,
      left: [],
      error: { code: 'CANCELLED', message: 'cancelled' },
    })
  })
})

describe('--out that cannot be written', () => {
  // A model that does not exist would be told first if anything were looked up before.
  const early = ['--model', 'nobody', '--json']
  it.each([
    ['embed', 'below a file', 'photos/a.jpg/out.csv'],
    ['embed', 'that is a folder', 'folder.csv'],
    ['embed', 'whose names would go to a folder', 'names.npy'],
    ['inspect', 'that is a file', 'photos/a.jpg'],
    ['inspect', 'below a file', 'photos/a.jpg/out'],
  ])('is told by %s before the model is loaded: one %s', async (command, _what, name) => {
    for (const taken of ['folder.csv', 'names.npy.json']) await mkdir(join(folder, taken), { recursive: true })
    const out = join(folder, name)
    const path = name === 'names.npy' ? `${out}.json` : out
    const result = await runCli([command, command === 'embed' ? join(folder, 'photos') : photo('a.jpg'), '--out', out, ...early], workspace)
    expect({ code: result.code, error: lastJson(result)['error'] }).toEqual({
      code: 1,
      error: { code: 'DISK', message: expect.stringContaining(`--out: ${path} cannot be written: `) as string, detail: { path } },
    })
  })
})

describe('dinoscope models', () => {
  it('lists every model under the id that --model and remove take', async () => {
    const bundled = join(root, 'resources', 'models', 'dinoscope-mini')
    const own = join(folder, 'own-workspace')
    await cp(bundled, join(own, 'models', 'renamed'), { recursive: true })
    const imported = await runCli(['models', 'import', bundled, '--json'], own)
    const listed = await runCli(['models', 'list', '--json'], own)
    const ids = (lastJson(listed)['models'] as { id: string; origin: string }[]).filter(({ origin }) => origin === 'imported').map(({ id }) => id)
    const used = await runCli(['inspect', photo('a.jpg'), '--model', 'renamed', '--out', join(folder, 'renamed'), ...fast], own)
    const removed: (number | null)[] = []
    for (const id of ids) removed.push((await runCli(['models', 'remove', id], own)).code)
    expect({ imported: lastJson(imported)['model'], ids: [...ids].sort(), used: used.code, removed }).toEqual({
      imported: expect.objectContaining({ id: 'dinoscope-mini-2', origin: 'imported' }) as unknown,
      ids: ['dinoscope-mini-2', 'renamed'],
      used: 0,
      removed: [0, 0],
    })
  })

  it('imports, lists, uses and removes', async () => {
    const imported = await runCli(['models', 'import', join(root, 'resources', 'models', 'dinoscope-mini'), '--name', 'My copy', '--json'], workspace)
    const listed = await runCli(['models', 'list', '--json'], workspace)
    const used = await runCli(['inspect', photo('a.jpg'), '--model', 'my-copy', '--out', join(folder, 'used'), ...fast], workspace)
    const removed = await runCli(['models', 'remove', 'my-copy', '--json'], workspace)
    const gone = await runCli(['models', 'remove', 'my-copy', '--json'], workspace)
    expect([imported, listed, used, removed, gone].map(({ code }) => code)).toEqual([0, 0, 0, 0, 1])
    expect([lastJson(imported), lastJson(listed), lastJson(removed), lastJson(gone)]).toMatchObject([
      { model: { id: 'my-copy', name: 'My copy', origin: 'imported' } },
      {
        models: [
          { id: 'dinoscope-mini', origin: 'bundled' },
          { id: 'my-copy', origin: 'imported' },
        ],
        problems: [],
      },
      { removed: 'my-copy' },
      { error: { code: 'NOT_FOUND' } },
    ])
  })
})

describe('dinoscope doctor', () => {
  it('tells what was tried and how fast it is', async () => {
    const result = await runCli(['doctor', '--json', ...fast], workspace)
    expect({ code: result.code, report: lastJson(result) }).toEqual({
      code: 0,
      report: expect.objectContaining({
        workspace,
        provider: 'cpu',
        providers: expect.arrayContaining([expect.objectContaining({ name: 'cpu', ok: true })]),
        checks: [expect.objectContaining({ name: 'workspace', ok: true }), expect.objectContaining({ name: 'pictures', ok: true }), expect.objectContaining({ name: 'model', ok: true })],
        imagesPerSecond: expect.any(Number),
      }),
    })
  })
})

describe('the exit status', () => {
  it.each([
    [['inspect', '--out', 'x'], 2, "missing required argument 'images'"],
    [['inspect', 'a.jpg'], 2, "required option '--out <dir>' not specified"],
    [['frobnicate'], 2, 'unknown command'],
    [['inspect', 'a.jpg', '--out', 'x', '--size', 'big'], 2, 'a whole number from 1 to 16384 is needed'],
    [['embed', '.', '--out', 'x.txt'], 2, '--out must end in .csv'],
    [['embed', '.', '--out', 'x.csv', '--pool', 'max'], 2, 'Allowed choices are cls, mean, cls+mean'],
    [['bench', 'nothing'], 2, 'there is no benchmark "nothing"'],
    [['serve', '--root', '/does/not/exist'], 2, '--root cannot be used'],
    [['embed', '/does/not/exist', '--out', 'x.csv'], 1, '/does/not/exist cannot be opened'],
    [['--version'], 0, ''],
  ])('of %j is %d', async (args, code, message) => {
    const result = await runCli(args, workspace)
    expect({ code: result.code, told: result.stderr.includes(message) }).toEqual({ code, told: true })
  })

  it('of a model that is not there is 1', async () => {
    const result = await runCli(['inspect', photo('a.jpg'), '--out', join(folder, 'never'), '--model', 'nobody'], workspace)
    expect({ code: result.code, told: result.stderr.includes('There is no model "nobody"') }).toEqual({ code: 1, told: true })
  })
})
