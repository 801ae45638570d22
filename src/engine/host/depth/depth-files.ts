/** @file Depth as files: a map in metres of each picture, or a table of their numbers. */
import { mkdir, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { EngineError, type DepthExportRequest, type DepthExportResult, type FileProblem, type HeadEvent, type JobContext } from '../../contract'
import { csvNumber, csvText, encodeGrey16Png, writeNpy, writeVerified } from '../../export'
import type { EngineState } from '../engine-state'
import { presentRows } from '../row-hashes'
import { measureDepth, numbersOf, shortEdge, type DepthPicture } from './measure-depth'

/** What a 16-bit PNG of millimetres holds, metres. */
const millimetreRange = 65.535
/** Units of a PNG beyond that, in a metre; KITTI's. */
const farUnits = 256

/** Numbers of a 16-bit PNG, and how many make a metre. */
export function depthUnits(metres: Float32Array, maxDepth: number): { readonly values: Uint16Array; readonly perMetre: number } {
  const perMetre = maxDepth <= millimetreRange ? 1000 : farUnits
  return { values: Uint16Array.from(metres, (value) => Math.min(65_535, Math.round(value * perMetre))), perMetre }
}

/** Writes one map as `path`. @throws EngineError DISK */
export async function writeDepth(path: string, { height, width, metres }: DepthPicture, format: 'png' | 'npy', maxDepth: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  if (format === 'npy') {
    await writeNpy(path, { dtype: 'float32', shape: [height, width], data: metres })
    return
  }
  const png = await encodeGrey16Png(depthUnits(metres, maxDepth).values, width, height)
  await writeVerified(path, async (append) => {
    await append(png)
    return undefined
  })
}

/** Maps of pictures as files, or their numbers as a table. @throws EngineError NOT_FOUND, BAD_REQUEST, DISK, RUNTIME; the signal's reason */
export async function exportDepth(state: EngineState, request: DepthExportRequest, context: JobContext<HeadEvent>): Promise<DepthExportResult> {
  const { libraryId, rows, headId, format } = request
  const images = state.libraries.images(libraryId)
  const wanted = Array.from(presentRows(state.libraries, libraryId, rows), (row) => images[row]!).filter(({ problem }) => problem === undefined)
  const { maxDepth = 0 } = await state.heads.find(headId)
  const started = performance.now()
  const lines: string[] = []
  const write = async (folder: string): Promise<readonly FileProblem[]> => {
    const skipped = await measureDepth(
      state,
      request,
      wanted,
      {
        title: 'Writing depth',
        size: shortEdge,
        take: async ({ relativePath }, _hash, depth) => {
          if (format === 'csv') lines.push([csvText(relativePath), ...numbersOf(depth.metres).map((value) => csvNumber(Math.fround(value)))].join())
          else await writeDepth(join(folder, `${relativePath}.${format}`), depth, format, maxDepth)
        },
      },
      context,
    )
    const note = format === 'csv' ? undefined : `${JSON.stringify({ unit: format === 'npy' ? 'metres, float32' : `1/${depthUnits(new Float32Array(), maxDepth).perMetre} metre, 16 bits`, maxDepth }, undefined, 2)}\n`
    await writeVerified(join(folder, note === undefined ? 'depth.csv' : 'depth.json'), async (append) => {
      await append(note ?? `filename,median_m,near_m,far_m\n${lines.join('\n')}\n`)
      return undefined
    })
    if ((await readdir(folder)).length === 0 || skipped.length === wanted.length) throw new EngineError('NOT_FOUND', `none of these ${wanted.length} pictures could be measured${skipped[0] === undefined ? '' : `; the first: ${skipped[0].reason}`}`)
    return skipped
  }
  const { exportId, files, result: skipped } = await state.exports.create(write, { name: 'depth.zip', signal: context.signal })
  const written = wanted.length - skipped.length
  return { exportId, files, images: written, skipped, imagesPerSecond: (1000 * written) / Math.max(1, performance.now() - started) }
}
