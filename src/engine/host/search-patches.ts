/** @file Search for pictures of a folder by patches of a picture that is looked at. */
import { EngineError, type PatchSearchRequest, type PatchSearchResult } from '../contract'
import { patchQuery, searchPatches, type PatchChunk } from '../collection'
import { patchTokens, type AnalysisState } from '../inference'
import type { EngineState } from './engine-state'
import { modelKeyOf } from './model-key'
import type { PatchRequest } from './patch-chunks'

/** Tokens of the chosen patches, float32 [patches, dim]. @throws EngineError BAD_REQUEST for a patch that does not exist */
function chosenTokens(analysis: AnalysisState, patches: readonly number[]): Float32Array {
  const { dim } = analysis.backbone.config
  const tokens = patchTokens(analysis)
  const count = tokens.length / dim
  const chosen = new Float32Array(patches.length * dim)
  patches.forEach((patch, index) => {
    if (patch >= count) throw new EngineError('BAD_REQUEST', `patch ${patch} is outside 0 to ${count - 1}`)
    chosen.set(tokens.subarray(patch * dim, (patch + 1) * dim), index * dim)
  })
  return chosen
}

/** Patch tokens of a folder's pictures; undefined while none has any. */
async function patchRequest(state: EngineState, libraryId: string, modelId: string): Promise<PatchRequest | undefined> {
  const { manifest } = await state.models.find(modelId)
  const table = await (await state.store).patches(modelKeyOf(manifest))
  const stored = await table.hashes()
  if (stored.size === 0) return undefined
  const basis = await table.basis()
  const hashes = new Set([...state.hashRows.of(state.libraries.images(libraryId)).keys()].filter((hash) => stored.has(hash)))
  return basis === undefined || hashes.size === 0 ? undefined : { table, basis, hashes }
}

/** Whoever looks at a picture may click on a patch of it next: reads what that search will need. */
export async function preparePatchSearch(state: EngineState, libraryId: string, modelId: string): Promise<void> {
  const request = await patchRequest(state, libraryId, modelId)
  if (request !== undefined) state.patchChunks.warm(request)
}

/**
 * The pictures with the patches most like those chosen, the picture looked at among them, and where in each they are seen.
 * @throws EngineError NOT_FOUND for an analysis that is forgotten, or a folder none of whose pictures has patch tokens of
 * its model; BAD_REQUEST for a patch that does not exist
 */
export async function searchByPatches(state: EngineState, { libraryId, analysisId, patches, top }: PatchSearchRequest): Promise<PatchSearchResult> {
  const started = performance.now()
  const { modelId, state: analysis } = state.analyses.get(analysisId)
  const tokens = chosenTokens(analysis, patches)
  const images = state.libraries.images(libraryId)
  const request = await patchRequest(state, libraryId, modelId)
  if (request === undefined) {
    const { name } = (await state.models.find(modelId)).manifest
    throw new EngineError('NOT_FOUND', `no picture of this folder has patch tokens of ${name} yet; embed it with patches first`, { detail: { modelId } })
  }

  const rowsOf = state.hashRows.of(images)
  const products = await state.codeProducts()
  let searched = 0
  const chunks = async function* (): AsyncGenerator<PatchChunk> {
    for await (const chunk of state.patchChunks.read(request)) {
      for (const { hash } of chunk.pictures) searched += rowsOf.get(hash)?.length ?? 0
      yield chunk
    }
  }
  const { hits } = await state.patchChunks.inTurn(() => searchPatches(chunks(), patchQuery(tokens, request.basis), { top, products }))
  const placed = hits.flatMap(({ hash, ...hit }) => (rowsOf.get(hash) ?? []).map((row) => ({ row, ...hit })))
  return { hits: placed.slice(0, top), searched, images: images.length, ms: performance.now() - started }
}
