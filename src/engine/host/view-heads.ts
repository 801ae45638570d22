/** @file What a dense head says of the picture that is looked at. */
import { EngineError, type ClassMap, type DepthMap, type HeadViewRequest } from '../contract'
import type { EngineState } from './engine-state'

/** Longest edge of a map: as fine as a head is, and quick to send. */
const longestEdge = 1024

interface HeadMap {
  readonly height: number
  readonly width: number
  readonly map: Float32Array
  readonly ms: number
}

async function mapOf({ analyses, backbones, heads }: EngineState, { analysisId, headId }: HeadViewRequest, kind: 'depth' | 'classes'): Promise<HeadMap> {
  const { modelId, state } = analyses.get(analysisId)
  const head = await heads.open(headId)
  if (head.manifest.kind !== kind)
    throw new EngineError('BAD_REQUEST', `the head ${JSON.stringify(head.manifest.name)} tells ${head.manifest.kind === 'depth' ? 'depth' : 'classes'} and not ${kind === 'depth' ? 'depth' : 'classes'}`, { detail: { headId } })
  const scale = Math.min(1, longestEdge / Math.max(state.prepared.height, state.prepared.width))
  const [height, width] = [Math.max(1, Math.round(state.prepared.height * scale)), Math.max(1, Math.round(state.prepared.width * scale))]
  const started = performance.now()
  const map = await backbones.use(modelId, (backbone) => head.predict(backbone, state.batch, height, width))
  return { height, width, map, ms: performance.now() - started }
}

/** @throws EngineError NOT_FOUND, BAD_REQUEST for a head of another kind or width, MODEL_DAMAGED, RUNTIME */
export async function depthOf(engine: EngineState, request: HeadViewRequest): Promise<DepthMap> {
  const { height, width, map, ms } = await mapOf(engine, request, 'depth')
  let [min, max] = [Infinity, -Infinity]
  for (const metres of map) {
    min = Math.min(min, metres)
    max = Math.max(max, metres)
  }
  return { height, width, metres: map, min, max, ms }
}

/** @throws EngineError as {@link depthOf} */
export async function classesOf(engine: EngineState, request: HeadViewRequest): Promise<ClassMap> {
  const { height, width, map, ms } = await mapOf(engine, request, 'classes')
  return { height, width, labels: Uint8Array.from(map), ms }
}
