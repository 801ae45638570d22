/** @file What an engine process is started with, and how that crosses its command line. */
import { EngineError, type ProviderName } from '../contract'

export interface EngineOptions {
  readonly version: string
  /** Folder of imported models, exports under way and caches. */
  readonly workspace: string
  /** Folder of the bundled models and the sample photos. */
  readonly resources: string
  /** When set, folders and model files outside it are refused. */
  readonly root?: string
  /** The built trainer process, where the engine may start it by itself. */
  readonly trainerModule?: string
  /** Whether the engine before this one crashed: what it trained is gone on with. */
  readonly restarted?: boolean
  readonly threads?: number
  readonly provider?: ProviderName
}

/** One command line argument. It holds nothing secret. */
export function encodeEngineOptions(options: EngineOptions): string {
  return JSON.stringify(options)
}

/**
 * The inverse of {@link encodeEngineOptions}.
 * @throws EngineError BAD_REQUEST when the process was not started by one of the shells
 */
export function decodeEngineOptions(argument: string | undefined): EngineOptions {
  if (argument === undefined) throw new EngineError('BAD_REQUEST', 'the engine process is started by the app, not by hand')
  return JSON.parse(argument) as EngineOptions
}
