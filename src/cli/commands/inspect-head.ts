/** @file What a head says of one picture that is inspected: depth in metres or classes, as files. */
import { join, resolve } from 'node:path'
import { rangeOf } from '../../engine/display'
import { encodeIndexedPng, writeNpy } from '../../engine/export'
import { saveFile } from '../../engine/files'
import { depthUnits, writeDepth } from '../../engine/host'
import { openHead, type AnalysisState, type OpenedHead } from '../../engine/inference'
import type { Runtime } from '../../engine/runtime'
import { listHeads, readHead, readHeadFile, type HeadDraft } from '../../engine/weights'
import { rootOf } from './depth'
import { fieldPictures, overlayPicture, type NamedPixels } from './inspect-images'
import type { WorkspaceOption } from './models'

export type NamedHead = OpenedHead<HeadDraft>

/** A head of the workspace by its id, or one from its file, which stays where it is. @throws EngineError what reading a head throws */
export async function openNamedHead(name: string, options: WorkspaceOption & { readonly maxDepth?: number }, runtime: Runtime): Promise<NamedHead> {
  const root = rootOf(options)
  const isKnown = (await listHeads(root, () => undefined)).some(({ headId }) => headId === name)
  if (isKnown) {
    const { manifest, tensors } = await readHead(root, name)
    return openHead<HeadDraft>(runtime, manifest, tensors)
  }
  const { draft, tensors } = await readHeadFile({ path: resolve(name), name: undefined, maxDepth: options.maxDepth })
  return openHead(runtime, draft, tensors)
}

export interface HeadFiles {
  /** To be written with the other pictures. */
  readonly pictures: readonly NamedPixels[]
  /** Names of the files that are there. */
  readonly files: readonly string[]
  readonly facts: { readonly head: object }
}

/** Writes what the head says, as large as what one run of the model is given. @throws EngineError BAD_REQUEST, RUNTIME, DISK */
export async function inspectHead({ backbone, batch, prepared }: AnalysisState, head: NamedHead, folder: string): Promise<HeadFiles> {
  const { name, kind, note, maxDepth = 0, classes } = head.manifest
  const [height, width] = [batch.grid.height * backbone.config.patchSize, batch.grid.width * backbone.config.patchSize]
  const map = await head.predict(backbone, batch, height, width)
  const grid = { height, width }
  if (kind === 'depth') {
    await writeDepth(join(folder, 'depth.png'), { height, width, metres: map }, 'png', maxDepth)
    await writeDepth(join(folder, 'depth.npy'), { height, width, metres: map }, 'npy', maxDepth)
    const { min, max } = rangeOf(map)
    const overlay = fieldPictures('depth', map, grid, prepared).slice(1)
    return { pictures: overlay, files: ['depth.png', 'depth.npy'], facts: { head: { name, kind, note, height, width, unitsPerMetre: depthUnits(new Float32Array(), maxDepth).perMetre, minMetres: min, maxMetres: max } } }
  }
  const labels = Uint8Array.from(map)
  const colourOf = (label: number): readonly [number, number, number] => classes[label]?.colour ?? [0, 0, 0]
  await saveFile(join(folder, 'classes.png'), await encodeIndexedPng(labels, width, height, colourOf))
  await writeNpy(join(folder, 'classes.npy'), { dtype: 'uint8', shape: [height, width], data: labels })
  const counts = new Map<number, number>()
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1)
  const found = [...counts].sort(([, a], [, b]) => b - a).map(([label, count]) => ({ label, name: classes[label]?.name ?? `Class ${label + 1}`, share: count / labels.length }))
  const rgb = new Uint8Array(3 * labels.length)
  labels.forEach((label, pixel) => { rgb.set(colourOf(label), 3 * pixel) })
  return { pictures: [overlayPicture('classes', rgb, grid, prepared)], files: ['classes.png', 'classes.npy'], facts: { head: { name, kind, note, height, width, classes: found } } }
}
