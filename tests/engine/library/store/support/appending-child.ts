/** @file A writer that only appends: one batch of vectors after the other, until it is killed. */
import { writeSync } from 'node:fs'
import { openStore } from '../../../../../src/engine/library'
import { key, manyVectors } from './rows'

const batch = 7
const [, , folder = ''] = process.argv
const store = await openStore(folder, { mode: 'write' })
const vectors = await store.vectors(key)
let next = (await vectors.hashes()).size
writeSync(1, 'open\n')
for (;;) {
  await vectors.append(manyVectors(batch, next))
  next += batch
  writeSync(1, `${next}\n`)
}
