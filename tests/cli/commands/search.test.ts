/** @file `dinoscope search` on a folder: order, scores, pictures that push away, what is refused. */
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { search, type SearchOptions } from '../../../src/cli/commands/search'
import { createTerminal } from '../../../src/cli/terminal'
import { temporaryFolder } from '../../helpers/folders'
import { drawQuarters, jpegPicture } from '../../helpers/pictures'
import { smallConfigs, writeSmallModel } from '../../helpers/small-models'
import { thrownBy } from '../../helpers/thrown'

const photos = async (): Promise<string> => {
  const folder = await temporaryFolder({
    'photos/same.png': await drawQuarters(300, 200).png().toBuffer(),
    'photos/deep/turned.jpg': await drawQuarters(300, 200).rotate(180).jpeg().toBuffer(),
    'photos/grey.jpg': await drawQuarters(300, 200).greyscale().jpeg().toBuffer(),
    'photos/broken.jpg': (await jpegPicture(300, 200)).subarray(0, 700),
    'query.jpg': await jpegPicture(300, 200),
    'noise.txt': 'no picture',
  })
  await writeSmallModel(join(folder, 'model'), smallConfigs.dinov2)
  return folder
}

async function run(folder: string, options: Partial<SearchOptions>, json: boolean, query = 'query.jpg', titles: string[] = []): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  let [stdout, stderr] = ['', '']
  const terminal = createTerminal(json, { write: (text) => (stdout += text) }, { write: (text) => (stderr += text) })
  const all: SearchOptions = { model: join(folder, 'model'), provider: 'cpu', threads: 1, top: 10, pool: 'cls', ...options }
  const code = await search(join(folder, query), join(folder, 'photos'), all, { terminal, signal: new AbortController().signal, emit: ({ title }) => titles.push(title) })
  return { code, stdout, stderr }
}

interface Printed {
  readonly searched: number
  readonly results: readonly { readonly rank: number; readonly score: number; readonly path: string; readonly relativePath: string }[]
  readonly skipped: readonly { readonly relativePath: string; readonly code: string }[]
}

it('prints rank, cosine and path, most similar first, and names what it left out', async () => {
  const folder = await photos()
  const { code, stdout, stderr } = await run(folder, { top: 2 }, false)
  const lines = stdout.trimEnd().split('\n')
  expect({ code, lines: lines.length, first: lines[0], told: stderr.includes('broken.jpg: IMG_TRUNCATED') }).toEqual({ code: 0, lines: 2, first: expect.stringMatching(/^ {3}1 {2}(0\.99\d\d|1\.0000) {2}same\.png$/), told: true })
})

it.each(['cls', 'mean', 'cls+mean'] as const)('prints one JSON object with everything, by %s', async (pool) => {
  const folder = await photos()
  const printed = JSON.parse((await run(folder, { pool }, true)).stdout) as Printed
  expect(printed).toMatchObject({ pooling: pool, searched: 3, skipped: [{ relativePath: 'broken.jpg', code: 'IMG_TRUNCATED' }], model: { name: 'Small model' } })
  expect(printed.results.map(({ rank, path, relativePath }) => ({ rank, path, relativePath }))).toEqual(printed.results.map(({ relativePath }, index) => ({ rank: index + 1, path: join(folder, 'photos', relativePath), relativePath })))
  expect([printed.results.length, printed.results[0]?.relativePath, printed.results.every(({ score }, index) => score <= (printed.results[index - 1]?.score ?? 1))]).toEqual([3, 'same.png', true])
})

it('pushes away what looks like the pictures after --not', async () => {
  const folder = await photos()
  const scores = async (not: readonly string[]): Promise<ReadonlyMap<string, number>> => new Map((JSON.parse((await run(folder, { not: not.map((name) => join(folder, name)) }, true)).stdout) as Printed).results.map(({ relativePath, score }) => [relativePath, score]))
  const [without, against] = [await scores([]), await scores(['photos/grey.jpg'])]
  const fall = (name: string): number => without.get(name)! - against.get(name)!
  expect([fall('grey.jpg') > 0, fall('grey.jpg') > fall('same.png')]).toEqual([true, true])
})

it('finds the same through the index of a workspace, where a second search embeds nothing', async () => {
  const folder = await photos()
  const results = ({ stdout }: { readonly stdout: string }): object => (JSON.parse(stdout) as Printed).results.map(({ relativePath, score }) => [relativePath, score.toFixed(4)])
  const ran: (readonly [object, boolean])[] = []
  for (const workspace of [undefined, join(folder, 'workspace'), join(folder, 'workspace')]) {
    const titles: string[] = []
    ran.push([results(await run(folder, { workspace, pool: 'cls+mean' }, true, 'query.jpg', titles)), titles.includes('Embedding images')])
  }
  expect(ran).toEqual([[ran[0]![0], true], [ran[0]![0], true], [ran[0]![0], false]])
})

it('refuses a query that is no picture before it looks at the folder', async () => {
  const folder = await photos()
  expect(await thrownBy(() => run(folder, {}, false, 'noise.txt'))).toMatchObject({ code: expect.stringMatching(/^IMG_/), message: expect.stringContaining('noise.txt') })
  expect(await thrownBy(() => run(folder, {}, false, 'absent.jpg'))).toMatchObject({ code: 'SOURCE_UNAVAILABLE' })
})
