/** @file A folder and a model in an engine of the command's own: for work that the app does over stored patch tokens. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { connect, engineContract, EngineError, type Client, type ClientMessage, type EmbedLibraryResult, type EngineContract, type FileProblem, type HostMessage, type ImageEntry, type JobHandle, type Progress } from '../engine/contract'
import { createEngine } from '../engine/host'
import { memoryPair } from '../engine/link'
import type { ModelFolder } from '../engine/weights'
import { findAppFolders } from '../shell'
import type { CommandContext } from './context'
import { chooseModel, type ModelOptions } from './models'
import { problemLine } from './scan'

export interface EngineFolder {
  readonly client: Client<EngineContract>
  readonly libraryId: string
  readonly modelId: string
  /** By row. */
  readonly images: readonly ImageEntry[]
  /** The id that another model has in the engine, which brings it in where it is not there. */
  use(model: ModelFolder): Promise<string>
  /** Waits for a job, tells its progress and cancels it when the command is cancelled. */
  wait<R>(job: JobHandle<R>): Promise<R>
  /** What a job tells: progress to the terminal, pictures that are left out as lines. */
  tell(event: Progress | { readonly kind: string; readonly problem?: FileProblem }): void
  /** Embeds what has no patch tokens yet. */
  embedPatches(): Promise<EmbedLibraryResult>
}

/**
 * Opens a folder in an engine; without `--workspace` in one that is gone afterwards.
 * @throws EngineError BUSY when the workspace is used by another process, SOURCE_UNAVAILABLE, and what `work` throws
 */
export async function withEngineFolder<T>(folder: string, options: ModelOptions, context: CommandContext, work: (opened: EngineFolder) => Promise<T>): Promise<T> {
  const model = await chooseModel(options, context)
  const scratch = options.workspace === undefined ? await mkdtemp(join(tmpdir(), 'dinoscope-')) : undefined
  const { resources, version } = findAppFolders()
  const engine = await createEngine({ version, workspace: resolve(scratch ?? options.workspace ?? ''), resources, provider: options.provider, threads: options.threads })
  try {
    const [page, host] = memoryPair<ClientMessage, HostMessage>()
    engine.host.attach(host)
    const { client } = connect(engineContract, page)
    const wait = async <R>(job: JobHandle<R>): Promise<R> => {
      const cancel = (): void => void job.cancel()
      context.signal.addEventListener('abort', cancel, { once: true })
      try {
        return await job.result
      } finally {
        context.signal.removeEventListener('abort', cancel)
      }
    }
    const tell: EngineFolder['tell'] = (event) => {
      if (event.kind === 'progress') context.emit(event as Progress)
      else if ('problem' in event && event.problem !== undefined) context.terminal.note(problemLine(event.problem))
    }
    const use = async ({ folder: path, manifest }: ModelFolder): Promise<string> => {
      const known = (await client['models.list'](undefined)).find(({ id, name, sizeBytes }) => id === manifest.id && name === manifest.name && sizeBytes === manifest.weights.bytes)
      return (known ?? (await wait(client['models.import']({ path, name: undefined }, tell)))).id
    }
    const modelId = await use(model)
    const images: ImageEntry[] = []
    const skipped: FileProblem[] = []
    const { libraryId } = await wait(
      client['library.open']({ path: resolve(folder) }, (event) => {
        if (event.kind === 'found') images.push(...event.images)
        else if (event.kind === 'skipped' || event.kind === 'broken') skipped.push(event.problem)
        if (event.kind === 'progress') context.emit(event)
      }),
    )
    if (images.length === 0) throw new EngineError('NOT_FOUND', `${folder} has no pictures that can be read`, { detail: { folder, problems: skipped } })
    return await work({
      client,
      libraryId,
      modelId,
      images,
      use,
      wait,
      tell,
      embedPatches: () => wait(client['embed.run']({ libraryId, rows: undefined, modelId, patches: true }, tell)),
    })
  } finally {
    await engine.dispose()
    if (scratch !== undefined) await rm(scratch, { recursive: true, force: true })
  }
}
