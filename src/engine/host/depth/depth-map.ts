/** @file Depth of the points of a map of patches: what is known from before, and what has to be measured for it. */
import { createHash } from 'node:crypto'
import { EngineError, type DepthMapRequest, type HeadEvent, type JobContext, type PatchDepths } from '../../contract'
import type { LibraryImage } from '../../library'
import type { EngineState } from '../engine-state'
import { placeMap, presentContents } from '../map-places'
import { modelKeyOf } from '../model-key'
import { presentRows } from '../row-hashes'
import { measureDepth, patchMeans } from './measure-depth'
import { savingRows } from './save-rows'

interface PicturePoints {
  readonly image: LibraryImage
  readonly points: number[]
}

/**
 * Depth of each point's patch: mean over its pixels of the crop that the library is embedded at. What is measured is kept, under
 * the content of the picture, so that every other map of the same pictures has it.
 * @throws EngineError NOT_FOUND, BAD_REQUEST for a map of pictures or a head of another model, DISK, RUNTIME; the signal's reason
 */
export async function depthOfMap(state: EngineState, { libraryId, mapId, headId }: DepthMapRequest, context: JobContext<HeadEvent>): Promise<PatchDepths> {
  const { depths, heads, libraries, maps, models } = state
  const images = libraries.images(libraryId)
  const map = await maps.find(mapId)
  if (map === undefined) throw new EngineError('NOT_FOUND', 'this map is not there any more; it can be computed again', { detail: { mapId } })
  const { rows, patches } = placeMap(map, map.info, presentContents(images, presentRows(libraries, libraryId, undefined)).rowsOf)
  if (patches === undefined) throw new EngineError('BAD_REQUEST', 'this is a map of pictures; depth of patches needs a map of patches', { detail: { mapId } })
  const { modelId } = map.info
  const { manifest } = await models.find(modelId)
  const { patchSize } = manifest.config
  const count = Math.floor(manifest.preprocessing.crop / patchSize) ** 2
  const key = modelKeyOf(manifest)
  const { weights, maxDepth } = await heads.find(headId)
  const kept = depths.patches(createHash('sha256').update(JSON.stringify([key.sha256, key.preprocessing, weights.sha256, maxDepth])).digest('hex').slice(0, 32), count)

  const pictures = new Map<string, PicturePoints>()
  rows.forEach((row, point) => {
    const image = images[row]
    if (image?.hash === undefined) return
    const known = pictures.get(image.hash)
    if (known === undefined) pictures.set(image.hash, { image, points: [point] })
    else known.points.push(point)
  })
  const metres = new Float32Array(rows.length).fill(NaN)
  const give = (hash: string, means: Float32Array): void => {
    for (const point of pictures.get(hash)?.points ?? []) metres[point] = means[patches[point]!] ?? NaN
  }
  const known = new Set<string>()
  for await (const [hash, means] of kept.scan(pictures)) {
    known.add(hash)
    give(hash, means)
  }
  context.signal.throwIfAborted()
  const wanted = [...pictures].flatMap(([hash, { image }]) => (known.has(hash) ? [] : [image]))
  const skipped = await savingRows(kept, (keep) =>
    measureDepth(
      state,
      { modelId, headId },
      wanted,
      {
        title: 'Measuring depth of patches',
        size: 'evaluation',
        take: async (_image, hash, depth) => {
          const means = patchMeans(depth, patchSize)
          give(hash, means)
          await keep(hash, means)
        },
      },
      context,
    ),
  )
  if (skipped[0] !== undefined && skipped.length === pictures.size) throw new EngineError('NOT_FOUND', `none of these ${pictures.size} pictures could be measured; the first, ${skipped[0].relativePath}: ${skipped[0].reason}`)
  return { metres }
}
