/** @file Compact patch tokens of one model, under the content of the pictures that they are of. */
import type { RecordBatch } from 'apache-arrow'
import { EngineError } from '../../contract'
import { bytes, bytesOf, fixedBytesOf, float32, uint32Of, float32Of, uint32 } from './columns'
import { keyColumn } from './key-index'
import type { KeyedTable, NewRows } from './keyed-table'
import { isSameBasis, readPatchBasis, writePatchBasis } from './patch-basis-file'
import { readAllShare } from './read-vectors'
import { rowIdsOf } from './read-around'
import { rowCheck } from './row-check'
import type { PatchBasis, PatchTable, StoredPatches } from './store'

/** Columns of the table besides the key. */
export const patchColumns = ['grid_height', 'grid_width', 'scale', 'codes', 'check'] as const
const givenAtOnce = 256

function checkOf(hash: Uint8Array, gridHeight: number, gridWidth: number, scale: number, codes: Uint8Array): number {
  const numbers = Buffer.alloc(12)
  numbers.writeUInt32LE(gridHeight, 0)
  numbers.writeUInt32LE(gridWidth, 4)
  numbers.writeFloatLE(scale, 8)
  return rowCheck(hash, numbers, codes)
}

/** @throws EngineError BAD_REQUEST when codes do not fill their grid */
function encode(rows: readonly StoredPatches[], { dims }: PatchBasis): NewRows {
  const keys = rows.map(({ hash }) => hash)
  const hashes = Buffer.from(keys.join(''), 'hex')
  const codes = rows.map(({ codes: { buffer, byteOffset, byteLength } }) => new Uint8Array(buffer, byteOffset, byteLength))
  rows.forEach(({ hash, gridHeight, gridWidth, codes: { length } }) => {
    if (length !== gridHeight * gridWidth * dims)
      throw new EngineError('BAD_REQUEST', `${hash} has ${length} codes for ${gridHeight} × ${gridWidth} patches of ${dims} dimensions`, { detail: { hash } })
  })
  const checks = rows.map(({ gridHeight, gridWidth, scale }, row) => checkOf(hashes.subarray(row * 32, (row + 1) * 32), gridHeight, gridWidth, scale, codes[row]!))
  return {
    keys,
    columns: {
      grid_height: uint32(Uint32Array.from(rows, ({ gridHeight }) => gridHeight)),
      grid_width: uint32(Uint32Array.from(rows, ({ gridWidth }) => gridWidth)),
      scale: float32(Float32Array.from(rows, ({ scale }) => scale)),
      codes: bytes(codes),
      check: uint32(Uint32Array.from(checks)),
    },
  }
}

/** Rows of a batch that were asked for and are whole; of the others the row ids go to `damaged`. */
function decode(batch: RecordBatch, wanted: ReadonlySet<number>, damaged: number[]): readonly StoredPatches[] {
  const rowIds = rowIdsOf(batch)
  const hashes = fixedBytesOf(batch, keyColumn)
  const heights = uint32Of(batch, 'grid_height')
  const widths = uint32Of(batch, 'grid_width')
  const scales = float32Of(batch, 'scale')
  const checks = uint32Of(batch, 'check')
  const { offsets, data } = bytesOf(batch, 'codes')
  const rows: StoredPatches[] = []
  rowIds.forEach((rowId, row) => {
    if (!wanted.has(rowId)) return
    const hash = hashes.subarray(row * 32, (row + 1) * 32)
    const codes = data.subarray(offsets[row], offsets[row + 1])
    const [gridHeight, gridWidth, scale] = [heights[row]!, widths[row]!, scales[row]!]
    if (checkOf(hash, gridHeight, gridWidth, scale, codes) === checks[row])
      rows.push({ hash: hash.toString('hex'), gridHeight, gridWidth, scale, codes: new Int8Array(codes.buffer, codes.byteOffset, codes.byteLength) })
    else damaged.push(rowId)
  })
  return rows
}

/**
 * @param basisPath where the basis is kept
 * @param mend as in {@link readPatchBasis}
 */
export function createPatchTable(table: KeyedTable, basisPath: string, mend: ((what: string) => void) | undefined): PatchTable {
  const basis = (): Promise<PatchBasis | undefined> => readPatchBasis(basisPath, mend)
  return {
    hashes: () => table.keys(),
    basis,
    setBasis: async (given) => {
      const kept = await basis()
      if (kept === undefined) await writePatchBasis(basisPath, given)
      else if (!isSameBasis(kept, given)) throw new EngineError('ALREADY_EXISTS', 'the patch tokens of this model are stored on another basis already; use that one')
    },
    append: async (added) => {
      const kept = await basis()
      if (kept === undefined) throw new EngineError('BAD_REQUEST', 'patch tokens cannot be stored before their basis is; set it first')
      const rows = new Map(added.map((one) => [one.hash, one]))
      await table.append((rowOf) => encode([...rows.values()].filter(({ hash }) => !rowOf.has(hash)), kept))
    },
    scan: async function* (hashes, signal) {
      const { rowOf, release } = await table.hold()
      const damaged: number[] = []
      try {
        const wanted = new Set<number>()
        for (const hash of hashes) {
          const rowId = rowOf.get(hash)
          if (rowId !== undefined) wanted.add(rowId)
        }
        const columns = [keyColumn, ...patchColumns]
        const all = wanted.size > readAllShare * rowOf.size
        const batches = all ? table.scan(columns, signal) : table.take(Array.from(wanted).sort((left, right) => left - right), columns)
        for await (const batch of batches) {
          signal.throwIfAborted()
          const rows = decode(batch, wanted, damaged)
          for (const rowId of rowIdsOf(batch)) wanted.delete(rowId)
          for (let first = 0; first < rows.length; first += givenAtOnce) yield rows.slice(first, first + givenAtOnce)
        }
      } finally {
        release()
        table.dropDamaged(damaged)
      }
    },
  }
}
