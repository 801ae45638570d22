/** @file Patch tokens behind segments: of a model as they are stored, and of the patches that some segments have. */
import { EngineError } from '../contract'
import { patchVectorDim, patchVectors, type VectorSet } from '../collection'
import type { PatchBasis, PatchTable } from '../library'
import type { EngineState } from './engine-state'
import { modelKeyOf } from './model-key'
import type { StoredSegmentation } from './segmentation-states'

/** Pictures whose patches are compared with the centres at once. */
export const picturesAtOnce = 64

/** Patch tokens of a model in the store, and what their codes mean. */
export interface Tokens {
  readonly table: PatchTable
  readonly basis: PatchBasis
}

/** @throws EngineError NOT_FOUND for a model that is not there or has no patch tokens yet */
export async function tokensOf(state: EngineState, modelId: string): Promise<Tokens> {
  const { manifest } = await state.models.find(modelId)
  const table = await (await state.store).patches(modelKeyOf(manifest))
  const basis = await table.basis()
  if (basis === undefined) throw new EngineError('NOT_FOUND', `no picture of this folder has patch tokens of ${manifest.name} yet; embed it with patches first`, { detail: { modelId } })
  return { table, basis }
}

/** Some patches: where they stand among all of the segmentation, and their vectors at unit length. */
export interface MemberPatches {
  readonly patches: readonly number[]
  readonly set: VectorSet
}

/**
 * The patches of some base segments, a batch of pictures at a time.
 * @param hashes contents of the segmentation that are looked through
 * @throws the signal's reason
 */
export async function* memberPatches({ table, basis }: Tokens, { places, starts, state }: StoredSegmentation, members: ReadonlySet<number>, hashes: readonly string[], signal: AbortSignal): AsyncGenerator<MemberPatches> {
  const dim = patchVectorDim(basis)
  for await (const batch of table.scan(new Set(hashes), signal))
    for (let from = 0; from < batch.length; from += picturesAtOnce) {
      await new Promise(setImmediate)
      const pictures = batch.slice(from, from + picturesAtOnce)
      const vectors = patchVectors(basis, pictures)
      const [patches, rows]: [number[], number[]] = [[], []]
      let at = 0
      for (const { hash, gridHeight, gridWidth } of pictures) {
        const start = starts[places.get(hash)!]!
        for (let patch = 0; patch < gridHeight * gridWidth; patch++, at++) {
          if (!members.has(state.base.labels[start + patch]!)) continue
          patches.push(start + patch)
          rows.push(at)
        }
      }
      const matrix = new Float32Array(rows.length * dim)
      rows.forEach((row, index) => matrix.set(vectors.subarray(row * dim, (row + 1) * dim), index * dim))
      if (rows.length > 0) yield { patches, set: { dim, rows: Uint32Array.from(rows.keys()), matrix } }
    }
}
