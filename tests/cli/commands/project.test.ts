/** @file `dinoscope project` on a folder: what is written, what is told, what is refused, with and without a workspace. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { project, type ProjectOptions } from '../../../src/cli/commands/project'
import { createTerminal } from '../../../src/cli/terminal'
import { temporaryFolder } from '../../helpers/folders'
import { drawQuarters, jpegPicture } from '../../helpers/pictures'
import { smallConfigs, writeSmallModel } from '../../helpers/small-models'
import { thrownBy } from '../../helpers/thrown'

const count = 10

async function photos(): Promise<string> {
  const pictures = await Promise.all(Array.from({ length: count }, async (_, index) => [`photos/p${index}.png`, await drawQuarters(60 + 4 * index, 50).rotate(90 * index).png().toBuffer()] as const))
  const folder = await temporaryFolder({ ...Object.fromEntries(pictures), 'photos/broken.jpg': (await jpegPicture(300, 200)).subarray(0, 700) })
  await writeSmallModel(join(folder, 'model'), smallConfigs.dinov2)
  return folder
}

async function run(folder: string, options: Partial<ProjectOptions>): Promise<{ readonly code: number; readonly printed: Record<string, unknown>; readonly stderr: string }> {
  let [stdout, stderr] = ['', '']
  const terminal = createTerminal(true, { write: (text) => (stdout += text) }, { write: (text) => (stderr += text) })
  const all: ProjectOptions = { model: join(folder, 'model'), provider: 'cpu', threads: 1, out: join(folder, 'map.csv'), method: 'pca', dims: 2, pool: 'cls', neighbours: 4, minDist: 0.1, seed: 0, ...options }
  const code = await project(join(folder, 'photos'), all, { terminal, signal: new AbortController().signal, emit: () => undefined })
  return { code, printed: JSON.parse(stdout) as Record<string, unknown>, stderr }
}

it.each([
  ['pca', 2],
  ['umap', 3],
] as const)('writes where each picture lies by %s in %i dimensions, with a workspace as without, and the same again', async (method, dims) => {
  const folder = await photos()
  const { code, printed, stderr } = await run(folder, { method, dims })
  const settings = method === 'pca' ? { explained: Array.from({ length: dims }, (): unknown => expect.any(Number)) } : { neighbours: 4, minDist: 0.1, seed: 0 }
  expect({ code, printed, told: stderr.includes('broken.jpg: IMG_TRUNCATED') }).toEqual({
    code: 0,
    printed: {
      ...{ files: [join(folder, 'map.csv')], points: count, pooling: 'cls', method, dims, provider: 'cpu', ...settings },
      model: { id: expect.any(String), name: 'Small model', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      quality: { neighbours: 4, points: count, trustworthiness: expect.any(Number), preserved: expect.any(Number) },
      skipped: [expect.objectContaining({ relativePath: 'broken.jpg', code: 'IMG_TRUNCATED' })],
    },
    told: true,
  })
  const lines = (await readFile(join(folder, 'map.csv'), 'utf8')).trimEnd().split('\n')
  expect([lines[0], lines.length, lines.slice(1).map((line) => line.split(',')[0])]).toEqual([dims === 2 ? 'filename,x,y' : 'filename,x,y,z', count + 1, Array.from({ length: count }, (_, index) => `p${index}.png`)])
  const stored = async (name: string): Promise<string> => {
    await run(folder, { method, dims, out: join(folder, name), workspace: join(folder, 'workspace') })
    return (await readFile(join(folder, name), 'utf8')).trimEnd()
  }
  const first = await stored('first.csv')
  expect(await stored('second.csv')).toBe(first)
  const numbers = (rows: readonly string[]): number[] => rows.slice(1).flatMap((line) => line.split(',').slice(1).map(Number))
  // A layout magnifies the last bit of a vector, which batches of another size may change.
  if (method === 'pca') expect(Math.max(...numbers(lines).map((value, index) => Math.abs(value - numbers(first.split('\n'))[index]!)))).toBeLessThan(1e-4)
})

it('refuses a file of another kind before it reads anything', async () => {
  const folder = await photos()
  expect(await thrownBy(() => run(folder, { out: join(folder, 'map.txt') }))).toMatchObject({ message: '--out must end in .csv, .parquet, .npy or .arrow, not ".txt"' })
})
