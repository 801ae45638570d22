/** @file Labels as files: a table of pictures, masks of their patches, or the probe itself. */
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { EngineError, type FileProblem, type JobContext, type LabelExportRequest, type LabelExportResult, type Rgb, type SegmentEvent } from '../contract'
import { csvNumber, csvText, encodeIndexedPng, writeVerified } from '../export'
import { createProgress } from '../progress'
import type { EngineState } from './engine-state'
import { writeProbeOnnx } from './label-onnx'
import { labelledPatches, predictLabels, probeOf } from './label-probe'
import { noLabel, type StoredLabels } from './label-states'
import { presentContents } from './map-places'
import { presentRows } from './row-hashes'
import { maskName } from './segment-export'

interface Files {
  readonly written: number
  readonly skipped: readonly FileProblem[]
}

async function writeWhole(path: string, bytes: string | Uint8Array, signal: AbortSignal): Promise<void> {
  await writeVerified(path, async (append) => {
    await append(bytes)
    return undefined
  }, { signal })
}

async function writeTable(state: EngineState, folder: string, labels: StoredLabels, request: LabelExportRequest, { signal, emit }: JobContext<SegmentEvent>): Promise<Files> {
  const images = state.libraries.images(request.libraryId)
  const found = await predictLabels(state, request, { signal, emit })
  const names = new Map(labels.state.classes.map(({ id, name }) => [id, name]))
  const skipped: FileProblem[] = []
  const lines = ['filename,label,confidence,named_by_hand']
  for (const row of presentRows(state.libraries, request.libraryId, undefined)) {
    const { relativePath, hash = '' } = images[row]!
    if (found.labels[row]! < 0) {
      const problem = { relativePath, code: 'NOT_FOUND' as const, reason: 'it has not been embedded with this model yet' }
      skipped.push(problem)
      emit({ kind: 'skipped', problem })
      continue
    }
    const isNamed = request.subject === 'pictures' ? labels.state.pictures.has(hash) : labels.state.patches.has(hash)
    lines.push([csvText(relativePath, { raw: request.raw }), csvText(names.get(found.labels[row]!) ?? '', { raw: request.raw }), csvNumber(found.confidence[row]!), isNamed ? 'yes' : 'no'].join())
  }
  await writeWhole(join(folder, 'labels.csv'), `${lines.join('\n')}\n`, signal)
  return { written: lines.length - 1, skipped }
}

/** Each patch as a block of the size it was looked at with. */
function blocks(labels: Uint8Array, gridHeight: number, gridWidth: number, size: number): Uint8Array {
  const width = gridWidth * size
  const pixels = new Uint8Array(gridHeight * size * width)
  for (let y = 0; y < gridHeight * size; y++) for (let x = 0; x < width; x++) pixels[y * width + x] = labels[Math.floor(y / size) * gridWidth + Math.floor(x / size)]!
  return pixels
}

async function writeMasks(state: EngineState, folder: string, labels: StoredLabels, request: LabelExportRequest, { signal, emit }: JobContext<SegmentEvent>): Promise<Files> {
  if (request.subject !== 'patches') throw new EngineError('BAD_REQUEST', 'masks are of patches; choose patches as what is labelled, or export a table of pictures')
  const images = state.libraries.images(request.libraryId)
  const { rowsOf } = presentContents(images, presentRows(state.libraries, request.libraryId, undefined))
  const { patchSize } = (await state.models.find(labels.modelId)).manifest.config
  const probe = await probeOf(state, labels, request, signal)
  const colours = new Map<number, Rgb>(labels.state.classes.map(({ id, colour }) => [id, colour]))
  const progress = createProgress('Writing masks', rowsOf.size, emit)
  const seen = new Set<string>()
  let written = 0
  for await (const { stored, labels: found } of labelledPatches(state, labels.modelId, probe, new Set(rowsOf.keys()), signal)) {
    const { hash, gridHeight, gridWidth } = stored
    seen.add(hash)
    const png = await encodeIndexedPng(blocks(found, gridHeight, gridWidth, patchSize), gridWidth * patchSize, gridHeight * patchSize, (label) => colours.get(label) ?? [0, 0, 0])
    for (const row of rowsOf.get(hash) ?? []) {
      const path = join(folder, maskName(images[row]!.relativePath))
      await mkdir(dirname(path), { recursive: true })
      await writeWhole(path, png, signal)
      written++
    }
    progress.advance(1)
  }
  progress.finish()
  const skipped = [...rowsOf].filter(([hash]) => !seen.has(hash)).flatMap(([, rows]) => rows.map((row): FileProblem => ({ relativePath: images[row]!.relativePath, code: 'NOT_FOUND', reason: 'it has no patch tokens of this model yet' })))
  for (const problem of skipped) emit({ kind: 'skipped', problem })
  const legend = { name: labels.name, none: noLabel, classes: labels.state.classes.map(({ id, name, colour }) => ({ value: id, name, colour })), masks: 'as large as the square that the model saw: short edge resized, then the middle' }
  await writeWhole(join(folder, 'classes.json'), `${JSON.stringify(legend, undefined, 2)}\n`, signal)
  return { written, skipped }
}

/**
 * Writes what was asked for as an export.
 * @throws EngineError NOT_FOUND where nothing can be learned from, BAD_REQUEST for masks of pictures or an ONNX file of nearest examples, RUNTIME, DISK; the signal's reason
 */
export async function exportLabels(state: EngineState, request: LabelExportRequest, context: JobContext<SegmentEvent>): Promise<LabelExportResult> {
  const labels = await state.labelSets.find(request.labelSetId)
  const started = performance.now()
  const write = async (folder: string): Promise<Files> => {
    if (request.what === 'csv') return writeTable(state, folder, labels, request, context)
    if (request.what === 'masks') return writeMasks(state, folder, labels, request, context)
    await writeProbeOnnx(state, folder, labels, request, context.signal)
    return { written: 0, skipped: [] }
  }
  const { exportId, files, result } = await state.exports.create(write, { name: 'labels.zip', signal: context.signal })
  const { written, skipped } = result
  return { exportId, files, images: written, skipped, imagesPerSecond: (1000 * written) / Math.max(1, performance.now() - started) }
}
