/** @file Precision on the command line: measured and chosen in a workspace, honoured there by other commands, refused where a provider has it not. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { embed, type EmbedOptions } from '../../../src/cli/commands/embed'
import { precision, type PrecisionOptions } from '../../../src/cli/commands/precision'
import type { CommandContext, CommandResult } from '../../../src/cli/context'
import { createTerminal } from '../../../src/cli/terminal'
import { openStore } from '../../../src/engine/library'
import { temporaryFolder } from '../../helpers/folders'
import { drawQuarters } from '../../helpers/pictures'
import { smallConfigs, writeSmallModel } from '../../helpers/small-models'

async function prepared(): Promise<string> {
  const turned = await Promise.all([0, 90, 180, 270].map((angle) => drawQuarters(300, 200).rotate(angle).png().toBuffer()))
  const folder = await temporaryFolder({ ...Object.fromEntries(turned.map((bytes, index) => [`photos/${index}.png`, bytes])), 'photos/grey.png': await drawQuarters(200, 200).greyscale().png().toBuffer(), 'photos/broken.jpg': 'no picture' })
  await writeSmallModel(join(folder, 'model'), smallConfigs.dinov2)
  return folder
}

async function run(command: (context: CommandContext) => Promise<CommandResult>, json = true): Promise<{ readonly stdout: string; readonly stderr: string }> {
  let [stdout, stderr] = ['', '']
  const terminal = createTerminal(json, { write: (text) => (stdout += text) }, { write: (text) => (stderr += text) })
  expect(await command({ terminal, signal: new AbortController().signal, emit: terminal.progress })).toBe(0)
  return { stdout, stderr }
}

it('measures on a folder, chooses, and other commands follow where they are given the workspace', async () => {
  const folder = await prepared()
  const workspace = join(folder, 'workspace')
  const ask = (options: PrecisionOptions, json = true) => run((context) => precision(join(folder, 'model'), { workspace, provider: 'cpu', threads: 1, ...options }, context), json)
  const out = join(folder, 'out.npy')
  const embedded = async (options: Partial<EmbedOptions>) => {
    const { stdout, stderr } = await run((context) => embed(join(folder, 'photos'), { model: join(folder, 'model'), provider: 'cpu', threads: 1, out, pool: 'cls', ...options }, context))
    return { printed: JSON.parse(stdout) as { precision: string; embedded?: number; already?: number }, stderr, bytes: await readFile(out), facts: await readFile(`${out}.json`, 'utf8') }
  }

  await expect(ask({ use: 'int8' })).rejects.toMatchObject({ code: 'BAD_REQUEST', message: expect.stringContaining('measure it first') as string })
  expect(JSON.parse((await ask({})).stdout)).toMatchObject({ precision: 'fp32', offered: ['fp32', 'int8'], cards: [] })
  const { stdout } = await ask({ measure: join(folder, 'photos') }, false)
  expect(stdout).toMatch(/^int8 on cpu, 5 pictures of photos: near enough to fp32, (and faster|but not clearly faster) here\n {2}cosine of CLS tokens +mean (0\.99\d+|1\.00000) .*\n.*\n {2}same nearest 2 .*%\n {2}speed .*ms\nSmall model is computed in fp32\.\n$/)

  const exact = await embedded({ workspace })
  expect(JSON.parse((await ask({ use: 'int8' })).stdout)).toMatchObject({ precision: 'int8', cards: [{ precision: 'int8', pictures: 5 }] })
  const [own, plain, asked] = [await embedded({ workspace }), await embedded({}), await embedded({ workspace, precision: 'fp32' })]
  expect([exact, own, plain, asked].map(({ printed }) => [printed.precision, printed.embedded, printed.already])).toEqual([
    ['fp32', 5, 0],
    ['int8', 5, 0],
    ['fp32', undefined, undefined],
    // Those in fp32 are still there.
    ['fp32', 0, 5],
  ])
  expect([exact.stderr, own.stderr].map((text) => text.includes('Computed in int8, as was chosen for this model in the workspace.'))).toEqual([false, true])
  expect([own.bytes.equals(exact.bytes), asked.bytes.equals(exact.bytes), own.facts.includes('linear layers in int8'), exact.facts.includes('int8')]).toEqual([false, true, true, false])
})

it('is as good without a workspace, and refused where a provider has it not', async () => {
  const folder = await prepared()
  const out = join(folder, 'out.csv')
  const inPrecision = (wanted: 'int8' | 'fp16') => run((context) => embed(join(folder, 'photos'), { model: join(folder, 'model'), provider: 'cpu', threads: 1, out, pool: 'mean', precision: wanted }, context))
  expect(JSON.parse((await inPrecision('int8')).stdout)).toMatchObject({ precision: 'int8', images: 5 })
  await expect(inPrecision('fp16')).rejects.toMatchObject({ code: 'BAD_REQUEST', message: expect.stringContaining('cpu does not compute in fp16') as string })
})

it('waits for nobody who has the workspace open', async () => {
  const folder = await prepared()
  const workspace = join(folder, 'workspace')
  const store = await openStore(workspace, { mode: 'write' })
  try {
    await expect(run((context) => precision(join(folder, 'model'), { workspace, provider: 'cpu', threads: 1, use: 'fp32' }, context))).rejects.toMatchObject({ code: 'BUSY' })
  } finally {
    await store.close()
  }
})
