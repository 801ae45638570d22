/** @file What a power cut or a failing disk leaves of a file. */
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { randomStream } from '../../../../../src/engine/tensor'

export type Damage = 'emptied' | 'cut' | 'zeroed'

export async function damageFile(path: string, how: Damage): Promise<void> {
  const content = await readFile(path)
  const left = { emptied: Buffer.alloc(0), cut: content.subarray(0, content.length >> 1), zeroed: Buffer.alloc(content.length) }
  await writeFile(path, left[how])
}

/** Changes `count` bytes between two places of a file. */
export async function flipBytes(path: string, count: number, from: number, to: number): Promise<void> {
  const content = await readFile(path)
  const random = randomStream(3)
  for (let flip = 0; flip < count; flip++) {
    const at = from + Math.floor((to - from) * random.uniform())
    content[at] = content[at]! ^ (1 + Math.floor(254 * random.uniform()))
  }
  await writeFile(path, content)
}

export type Kind = 'manifest' | 'transaction' | 'data'
const folders = { manifest: '_versions', transaction: '_transactions', data: 'data' } as const

/** The files of a kind of a table, in the order in which they were written. */
export async function filesOf(table: string, kind: Kind): Promise<readonly string[]> {
  const folder = join(table, folders[kind])
  const paths = (await readdir(folder)).filter((name) => /\.(manifest|txn|lance)$/.test(name)).map((name) => join(folder, name))
  const timed = await Promise.all(paths.map(async (path) => ({ path, time: (await stat(path, { bigint: true })).mtimeNs })))
  return timed.sort((left, right) => Number(left.time - right.time)).map(({ path }) => path)
}
