/** @file The results of evaluations in a workspace on the disk, a file each; one that cannot be read is told and left where it is. */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { EngineError, messageOf, type EvaluationInfo, type EvaluationList } from '../../contract'
import { isPartialName, readRegularFile, saveFile } from '../../files'

/** What is told of a result, and which class was taken for which, `[classes, classes]`, where there are not too many. */
export interface StoredEvaluation {
  readonly info: EvaluationInfo
  readonly confusion: readonly (readonly number[])[] | undefined
}

export interface Evaluations {
  list(): Promise<EvaluationList>
  /** @throws EngineError NOT_FOUND */
  find(evaluationId: string): Promise<StoredEvaluation>
  /** On the disk when it resolves; takes the place of one with the same id. @throws EngineError DISK */
  save(evaluation: StoredEvaluation): Promise<void>
  /** @throws EngineError NOT_FOUND, DISK */
  remove(evaluationId: string): Promise<void>
}

const version = 1
/** A thousand classes take some 100 KB. */
const largestFile = 2 ** 24
const evaluationFile = /^([0-9a-f]{24})\.json$/

const share = z.number().min(0).max(1)
const count = z.int().min(0)
const stored = z.strictObject({
  version: z.literal(version),
  createdAt: z.string(),
  program: z.strictObject({ name: z.literal('DinoScope'), version: z.string() }),
  method: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('knn'), k: z.int().min(1) }),
    z.strictObject({ kind: z.literal('linear'), C: z.number().positive() }),
    z.strictObject({ kind: z.literal('retrieval') }),
  ]),
  split: z.enum(['folders', 'leave-one-out', 'held-out-fifth']),
  features: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('model'), modelId: z.string(), name: z.string(), sha256: z.string(), pooling: z.enum(['cls', 'mean', 'cls+mean']), preparation: z.string() }),
    z.strictObject({ kind: z.literal('pixels'), edge: z.int().min(1) }),
  ]),
  data: z.strictObject({
    folder: z.string(),
    testFolder: z.string().optional(),
    hash: z.string(),
    classes: z.array(z.strictObject({ name: z.string(), pictures: count, testPictures: count })).min(1),
  }),
  counts: z.strictObject({ references: count, queries: count, unanswerable: count, overlap: count, duplicates: count, unclassed: count, skipped: count }),
  figures: z.array(z.strictObject({ name: z.string(), value: share, error: z.number().min(0).optional() })).min(1),
  perClass: z.array(z.strictObject({ name: z.string(), queries: count, value: share.optional() })),
  mistakes: z.array(z.strictObject({ truth: z.string(), said: z.string(), count })),
  confusion: z.array(z.array(count)).optional(),
})

/** As it is kept, and as it is exported. */
export function plainEvaluation({ info: { evaluationId: _evaluationId, createdAt, version: ofProgram, ...rest }, confusion }: StoredEvaluation): object {
  return { version, createdAt, program: { name: 'DinoScope', version: ofProgram }, ...rest, confusion }
}

function parseEvaluation(evaluationId: string, text: string): StoredEvaluation {
  const { version: _version, program, data, figures, perClass, confusion, ...rest } = stored.parse(JSON.parse(text))
  return {
    info: {
      evaluationId,
      version: program.version,
      ...rest,
      // JSON leaves undefined out.
      data: { ...data, testFolder: data.testFolder },
      figures: figures.map((figure) => ({ ...figure, error: figure.error })),
      perClass: perClass.map((one) => ({ ...one, value: one.value })),
    },
    confusion,
  }
}

/** In a few words; zod's own list many lines. */
function reasonOf(error: unknown): string {
  const [issue] = error instanceof z.ZodError ? error.issues : []
  return issue === undefined ? messageOf(error) : `${issue.path.join('.') || 'the file'}: ${issue.message}`
}

export function createEvaluations(root: string): Evaluations {
  const pathOf = (evaluationId: string): string => join(root, `${evaluationId}.json`)
  const unreadable = new Map<string, string>()
  let reading: Promise<Map<string, StoredEvaluation>> | undefined
  const readAll = async (): Promise<Map<string, StoredEvaluation>> => {
    const known = new Map<string, StoredEvaluation>()
    for (const name of await readdir(root).catch(() => [])) {
      if (isPartialName(name)) await rm(join(root, name), { force: true }).catch(() => undefined)
      const evaluationId = evaluationFile.exec(name)?.[1]
      if (evaluationId === undefined) continue
      try {
        known.set(evaluationId, parseEvaluation(evaluationId, (await readRegularFile(join(root, name), largestFile)).toString('utf8')))
      } catch (error) {
        unreadable.set(name, reasonOf(error))
      }
    }
    return known
  }
  const all = (): Promise<Map<string, StoredEvaluation>> => (reading ??= readAll())
  const require = async (evaluationId: string): Promise<StoredEvaluation> => {
    const found = (await all()).get(evaluationId)
    if (found === undefined) throw new EngineError('NOT_FOUND', 'there is no evaluation with this id', { detail: { evaluationId } })
    return found
  }
  return {
    list: async () => ({
      evaluations: [...(await all()).values()].map(({ info }) => info).sort((a, b) => b.createdAt.localeCompare(a.createdAt) || a.evaluationId.localeCompare(b.evaluationId)),
      unreadable: [...unreadable].map(([file, reason]) => ({ file: join(root, file), reason })),
    }),
    find: require,
    save: async (evaluation) => {
      const known = await all()
      const { evaluationId } = evaluation.info
      await saveFile(pathOf(evaluationId), `${JSON.stringify(plainEvaluation(evaluation), undefined, 1)}\n`)
      known.set(evaluationId, evaluation)
      unreadable.delete(`${evaluationId}.json`)
    },
    remove: async (evaluationId) => {
      await require(evaluationId)
      const path = pathOf(evaluationId)
      await rm(path, { force: true }).catch((error: unknown) => {
        throw new EngineError('DISK', `${path} cannot be deleted: ${messageOf(error)}`, { detail: { path }, cause: error })
      })
      ;(await all()).delete(evaluationId)
    },
  }
}
