/** @file Scores models on class folders, one after the other; what cannot be scored is told, and each score is kept as it comes. */
import { createHash } from 'node:crypto'
import { realpath } from 'node:fs/promises'
import { EngineError, isEngineError, messageOf, type EmbedEvent, type EvaluatedFeatures, type EvaluateEvent, type EvaluateRequest, type EvaluateResult, type EvaluationFailure, type EvaluationInfo, type FileProblem, type JobContext } from '../../contract'
import { requireAccess } from '../access'
import type { EngineState } from '../engine-state'
import { modelSides, pixelSides, type SideFeatures } from './class-features'
import { describeData, readClassFolder, type ClassSide } from './class-pictures'
import type { StoredEvaluation } from './evaluations'
import { mostMistakes, scoreProtocol, type Scored } from './protocols'

/** A larger table of confusion is nobody's reading. */
const largestConfusion = 64

/** The same features, method and pictures give the same id. */
function idOf(features: EvaluatedFeatures, { method, split }: Scored, dataHash: string): string {
  const who = features.kind === 'pixels' ? ['pixels', features.edge] : [features.sha256, features.pooling, features.preparation]
  const how = method.kind === 'knn' ? [method.kind, method.k] : [method.kind]
  return createHash('sha256').update(JSON.stringify([who, how, split, dataHash])).digest('hex').slice(0, 24)
}

function evaluationOf(state: EngineState, { features, sides }: SideFeatures, scored: Scored, read: readonly ClassSide[]): StoredEvaluation {
  const data = describeData(sides)
  const { counts, confusion, ...rest } = scored
  const sum = (pick: (side: ClassSide) => number): number => read.reduce((total, side) => total + pick(side), 0)
  const unusable = sum(({ pictures }) => pictures.length) - sides.reduce((total, { pictures }) => total + pictures.length, 0)
  const classes = data.classes.map(({ name }) => name)
  return {
    info: {
      evaluationId: idOf(features, scored, data.hash),
      createdAt: new Date().toISOString(),
      version: state.options.version,
      ...rest,
      features,
      data,
      counts: { ...counts, duplicates: sum(({ duplicates }) => duplicates), unclassed: sum(({ unclassed }) => unclassed), skipped: unusable + sum(({ skipped }) => skipped.length) },
      mistakes: mostMistakes(confusion, classes),
    },
    confusion: confusion === undefined || classes.length > largestConfusion ? undefined : classes.map((_, row) => [...confusion.subarray(row * classes.length, (row + 1) * classes.length)]),
  }
}

/** Failures of one model or protocol, after which the others go on. */
function endsAll(error: unknown): boolean {
  return isEngineError(error, 'SOURCE_UNAVAILABLE') || isEngineError(error, 'DISK')
}

/**
 * Scores every model, then raw pixels, by every protocol.
 * @throws EngineError BAD_REQUEST where nothing is chosen or a folder has no class folders, SOURCE_UNAVAILABLE, FORBIDDEN, DISK; the signal's reason
 */
export async function runEvaluation(state: EngineState, request: EvaluateRequest, { signal, emit }: JobContext<EvaluateEvent>): Promise<EvaluateResult> {
  const { folder, testFolder, modelIds, pixels, protocols, pooling, perClass = Infinity } = request
  if (modelIds.length === 0 && !pixels) throw new EngineError('BAD_REQUEST', 'nothing is chosen to be scored: choose a model, or raw pixels')
  const folders = testFolder === undefined ? [folder] : [folder, testFolder]
  const skipped: FileProblem[] = []
  const told = new Set<string>()
  const skip = (problem: FileProblem): void => {
    const key = `${problem.relativePath}\n${problem.reason}`
    // Each model meets the same broken files.
    if (told.has(key)) return
    told.add(key)
    skipped.push(problem)
    emit({ kind: 'skipped', problem })
  }
  const sides: ClassSide[] = []
  for (const path of folders) {
    await requireAccess(state.options.root, path)
    const side = await readClassFolder(path, perClass, { signal, emit })
    side.skipped.forEach(skip)
    sides.push({ ...side, folder: await realpath(path).catch(() => path) })
  }

  const names = new Map((await state.models.list()).map(({ id, name }) => [id, name]))
  const means = { runtime: await state.runtime, products: await state.rowProducts() }
  const evaluations: EvaluationInfo[] = []
  const failures: EvaluationFailure[] = []
  const fail = (failure: EvaluationFailure): void => {
    failures.push(failure)
    emit({ kind: 'failed', failure })
  }
  const subjects = [...modelIds.map((modelId) => ({ modelId, name: names.get(modelId) ?? modelId })), ...(pixels ? [{ modelId: undefined, name: 'Raw pixels' }] : [])]
  for (const { modelId, name } of subjects) {
    const context: JobContext<EmbedEvent> = {
      signal,
      emit: (event) => {
        if (event.kind === 'skipped') skip(event.problem)
        else emit({ ...event, title: `${name}: ${event.title}` })
      },
    }
    const attempt = async <T>(protocol: EvaluationFailure['protocol'], work: () => Promise<T>): Promise<T | undefined> => {
      try {
        return await work()
      } catch (error) {
        signal.throwIfAborted()
        if (endsAll(error)) throw error
        fail({ name, protocol, reason: messageOf(error) })
        return undefined
      }
    }
    const features = await attempt(undefined, () => (modelId === undefined ? pixelSides(sides, context) : modelSides(state, modelId, pooling, sides, context)))
    if (features === undefined) continue
    for (const protocol of protocols) {
      const scored = await attempt(protocol, () => scoreProtocol(protocol, features, means, context))
      if (scored === undefined) continue
      const evaluation = evaluationOf(state, features, scored, sides)
      await state.evaluations.save(evaluation)
      evaluations.push(evaluation.info)
      emit({ kind: 'scored', evaluation: evaluation.info })
    }
  }
  return { evaluations, skipped, failures }
}
