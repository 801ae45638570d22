/** @file Depth of a folder's pictures: three numbers of each, measured once and kept. */
import { createHash } from 'node:crypto'
import type { DepthLibraryRequest, DepthNumbers, HeadEvent, JobContext } from '../../contract'
import type { LibraryImage } from '../../library'
import type { EngineState } from '../engine-state'
import { modelKeyOf } from '../model-key'
import { presentRows } from '../row-hashes'
import type { ContentRows } from './content-rows'
import { measureDepth, numbersOf, shortEdge } from './measure-depth'
import { savingRows } from './save-rows'

/** Where the numbers of a model and a head lie. @throws EngineError NOT_FOUND, DISK */
async function keptNumbers({ depths, heads, models }: EngineState, { modelId, headId }: Pick<DepthLibraryRequest, 'modelId' | 'headId'>): Promise<ContentRows> {
  const key = modelKeyOf((await models.find(modelId)).manifest)
  const { weights, maxDepth } = await heads.find(headId)
  return depths.numbers(createHash('sha256').update(JSON.stringify([key.sha256, weights.sha256, maxDepth, shortEdge])).digest('hex').slice(0, 32))
}

async function readNumbers(kept: ContentRows): Promise<Map<string, Float32Array>> {
  const numbers = new Map<string, Float32Array>()
  for await (const [hash, row] of kept.scan()) numbers.set(hash, row)
  return numbers
}

function byRow(images: readonly LibraryImage[], numbers: ReadonlyMap<string, Float32Array>): DepthNumbers {
  const column = (place: 0 | 1 | 2): Float32Array => Float32Array.from(images, ({ hash }) => (hash === undefined ? NaN : (numbers.get(hash)?.[place] ?? NaN)))
  return { median: column(0), near: column(1), far: column(2) }
}

/** Numbers that are there. @throws EngineError NOT_FOUND, DISK */
export async function depthNumbers(state: EngineState, request: Omit<DepthLibraryRequest, 'rows'>): Promise<DepthNumbers> {
  return byRow(state.libraries.images(request.libraryId), await readNumbers(await keptNumbers(state, request)))
}

/** Measures what is not known yet; what is done when it is cancelled is kept. @throws EngineError NOT_FOUND, BAD_REQUEST, DISK, RUNTIME; the signal's reason */
export async function depthLibrary(state: EngineState, request: DepthLibraryRequest, context: JobContext<HeadEvent>): Promise<DepthNumbers> {
  const kept = await keptNumbers(state, request)
  const numbers = await readNumbers(kept)
  const images = state.libraries.images(request.libraryId)
  const wanted = Array.from(presentRows(state.libraries, request.libraryId, request.rows), (row) => images[row]!).filter(({ hash, problem }) => (hash === undefined || !numbers.has(hash)) && problem === undefined)
  await savingRows(kept, (keep) =>
    measureDepth(
      state,
      request,
      wanted,
      {
        title: 'Measuring depth',
        size: shortEdge,
        take: async (_image, hash, { metres }) => {
          const row = Float32Array.from(numbersOf(metres))
          numbers.set(hash, row)
          await keep(hash, row)
        },
      },
      context,
    ),
  )
  return byRow(state.libraries.images(request.libraryId), numbers)
}
