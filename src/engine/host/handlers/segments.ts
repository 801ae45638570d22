/** @file Requests about segments: found over many pictures, changed by hand, shown and written. */
import type { EngineContract, Handlers, JobContext, SegmentEvent, SegmentExportRequest, SegmentExportResult } from '../../contract'
import type { EngineState } from '../engine-state'
import { presentRows } from '../row-hashes'
import { writeSegmentFiles } from '../segment-export'
import { changeSegmentation, segmentLibrary } from '../segment-library'
import { pixelsOfPicture, preparedOfRow } from '../segment-pixels'
import { typicalPatches } from '../segment-typical'
import { listSegmentations, loadSegmentation, measuresOfPicture, picturesOfSegment, segmentsOfMap, segmentsOfPicture } from '../segment-view'

type SegmentRequests = Extract<keyof Handlers<EngineContract>, `segments.${string}`>

async function exportSegments(state: EngineState, { libraryId, segmentationId, rows: asked, what, edges, raw }: SegmentExportRequest, context: JobContext<SegmentEvent>): Promise<SegmentExportResult> {
  const segmentation = await state.segmentations.find(segmentationId)
  const images = state.libraries.images(libraryId)
  const rows = presentRows(state.libraries, libraryId, asked)
  // What was not segmented is left out of "all", and told of where it was asked for.
  const pictures = Array.from(rows, (row) => ({ row, relativePath: images[row]!.relativePath, hash: images[row]!.hash })).filter(({ hash }) => asked !== undefined || segmentation.places.has(hash ?? ''))
  const started = performance.now()
  const { exportId, files, result } = await state.exports.create(
    (folder) => writeSegmentFiles(folder, segmentation, pictures, { what, edges, raw, prepare: ({ row }) => preparedOfRow(state, libraryId, segmentation.modelId, row) }, context),
    { name: 'masks.zip', signal: context.signal },
  )
  const { written, skipped } = result
  return { exportId, files, images: written, skipped, imagesPerSecond: (1000 * written) / Math.max(1, performance.now() - started) }
}

/** `segments.*` */
export function segmentHandlers(state: EngineState): Pick<Handlers<EngineContract>, SegmentRequests> {
  return {
    'segments.find': (request, context) => segmentLibrary(state, request, context),
    'segments.list': ({ libraryId }) => listSegmentations(state, libraryId),
    'segments.load': ({ libraryId, segmentationId }) => loadSegmentation(state, libraryId, segmentationId),
    'segments.change': ({ libraryId, segmentationId, change }) => changeSegmentation(state, libraryId, segmentationId, change),
    'segments.remove': async ({ segmentationId }) => {
      await state.segmentations.remove(segmentationId)
      return undefined
    },
    'segments.picture': ({ libraryId, segmentationId, row }) => segmentsOfPicture(state, libraryId, segmentationId, row),
    'segments.pixels': (request) => pixelsOfPicture(state, request),
    'segments.measures': ({ libraryId, segmentationId, row }) => measuresOfPicture(state, libraryId, segmentationId, row),
    'segments.pictures': ({ libraryId, segmentationId, segment }) => picturesOfSegment(state, libraryId, segmentationId, segment),
    'segments.typical': (request) => typicalPatches(state, request),
    'segments.map': ({ libraryId, mapId, segmentationId }) => segmentsOfMap(state, libraryId, mapId, segmentationId),
    'segments.export': (request, context) => exportSegments(state, request, context),
  }
}
