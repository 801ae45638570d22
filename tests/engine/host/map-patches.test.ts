import { expect, it } from 'vitest'
import { loadPatchPoints } from '../../../src/engine/host/map-patches'
import type { PatchBasis, PatchTable, StoredPatches } from '../../../src/engine/library'
import { randomStream } from '../../../src/engine/tensor'
import { thrownBy } from '../../helpers/thrown'

const basis: PatchBasis = { dim: 4, dims: 2, mean: new Float32Array(4), axes: Float32Array.of(1, 0, 0, 0, 0, 1, 0, 0), explained: 1 }
const hashes = Array.from({ length: 30 }, (_, picture) => `${picture}`.padStart(64, '0'))
const random = randomStream(1)
const stored: readonly StoredPatches[] = hashes.map((hash) => ({ hash, gridHeight: 4, gridWidth: 5, scale: 0.1, codes: Int8Array.from({ length: 40 }, () => Math.round(100 * random.uniform() + 1)) }))

/** A table that gives its pictures in some order, seven at once. */
function tableOf(pictures: readonly StoredPatches[]): Pick<PatchTable, 'scan'> & { readonly scanned: string[] } {
  const scanned: string[] = []
  return {
    scanned,
    scan: async function* (wanted) {
      const found = pictures.filter(({ hash }) => wanted.has(hash))
      for (let from = 0; from < found.length; from += 7) {
        await Promise.resolve()
        scanned.push(...found.slice(from, from + 7).map(({ hash }) => hash))
        yield found.slice(from, from + 7)
      }
    },
  }
}
const { signal } = new AbortController()
const load = (table: Pick<PatchTable, 'scan'>, budget: number, seed = 1) => loadPatchPoints(table as PatchTable, basis, hashes, { budget, seed, signal, onRead: () => undefined })

it('takes all patches where there is room, each with the vector of its code', async () => {
  const { set, members, of, hashes: pictures } = await load(tableOf(stored), 600)
  expect({ of, pictures, points: set.rows.length, first: [...members.subarray(0, 6)], last: [...members.subarray(-2)] }).toEqual({ of: 600, pictures: hashes, points: 600, first: [0, 0, 0, 1, 0, 2], last: [29, 19] })
  const [x, y] = stored[29]!.codes.subarray(38)
  const length = Math.hypot(x!, y!)
  expect([...set.matrix.subarray(-3)]).toEqual([expect.closeTo(x! / length, 6), expect.closeTo(y! / length, 6), 0])
})

it('takes an even sample where there is not, the same one in whatever order they come', async () => {
  const sample = await load(tableOf(stored), 100)
  const perPicture = new Map<number, number>()
  for (let point = 0; point < 100; point++) perPicture.set(sample.members[2 * point]!, (perPicture.get(sample.members[2 * point]!) ?? 0) + 1)
  expect({ of: sample.of, points: sample.set.rows.length, shares: new Set(perPicture.values()), pictures: perPicture.size }).toEqual({ of: 600, points: 100, shares: new Set([3, 4]), pictures: 30 })
  expect(await load(tableOf(stored.toReversed()), 100)).toEqual(sample)
  expect((await load(tableOf(stored), 100, 2)).members).not.toEqual(sample.members)
})

it('reads no more pictures than give points, and says how many patches there are of all', async () => {
  const table = tableOf(stored)
  const { set, of, hashes: pictures } = await load(table, 10)
  expect({ read: table.scanned.length, pictures: pictures.length, points: set.rows.length, of }).toEqual({ read: 10, pictures: 10, points: 10, of: 600 })
})

it('says what to do when none can be read, and stops when it is cancelled', async () => {
  expect(await thrownBy(() => load(tableOf([]), 10))).toMatchObject({ code: 'NOT_FOUND' })
  const controller = new AbortController()
  controller.abort(new Error('enough'))
  expect(await thrownBy(() => loadPatchPoints(tableOf(stored) as unknown as PatchTable, basis, hashes, { budget: 10, seed: 1, signal: controller.signal, onRead: () => undefined }))).toMatchObject({ message: 'enough' })
})
