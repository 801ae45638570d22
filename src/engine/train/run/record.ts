/** @file Reading the small JSON files of a run: bounded, validated, and refused when a newer program wrote them. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { EngineError } from '../../contract'
import { readRegularFile, type FilePath } from '../../files'

/** The form of every file of a run that this program writes and reads. */
export const schemaVersion = 1

export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/)
export const countSchema = z.number().int().nonnegative()

/** SHA-256 as lower-case hex. */
export function sha256Of(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

/**
 * Reads a JSON file and validates it.
 * @throws EngineError NOT_A_FILE, SOURCE_UNAVAILABLE, BAD_REQUEST when it is larger than `maxBytes`, else as {@link parseRecord}
 */
export async function readRecord<T>(path: FilePath, schema: z.ZodType<T>, maxBytes: number): Promise<T> {
  return parseRecord(path.toString(), (await readRegularFile(path, maxBytes)).toString('utf8'), schema)
}

/**
 * Validates the text of a JSON file.
 * @throws EngineError CHECKPOINT when it is not what was written, or was written by a newer program (`detail.schema`)
 */
export function parseRecord<T>(path: string, text: string, schema: z.ZodType<T>): T {
  const refuse = (what: string, detail: Readonly<Record<string, unknown>> = {}): EngineError =>
    new EngineError('CHECKPOINT', `${path} ${what}`, { detail: { path, ...detail } })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw refuse('is damaged: it is not JSON')
  }
  const version = z.object({ schema: z.number() }).safeParse(value).data?.schema
  if (version !== undefined && version > schemaVersion)
    throw refuse(`was written by a newer DinoScope (its schema is ${version}, this one reads ${schemaVersion}); update DinoScope to open it`, { schema: version })
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw refuse(`is damaged: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`)
}
