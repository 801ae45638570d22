/** @file Why a picture could not be read, as a finding about one file. */
import { EngineError, isEngineError, messageOf, type EngineErrorCode, type FileProblem } from '../contract'
import type { FilePath } from '../files'

/** The finding. The file is named once, by its path below the folder; an absolute path in the message goes. */
export function describeProblem(relativePath: string, path: FilePath, error: unknown): FileProblem {
  const message = messageOf(error)
  const prefix = `${path.toString()} `
  return {
    relativePath,
    code: isEngineError(error) ? error.code : 'INTERNAL',
    reason: message.startsWith(prefix) ? message.slice(prefix.length) : message,
  }
}

/** The finding as an error again, for whoever asks for the picture. */
export function problemError(problem: FileProblem): EngineError {
  return new EngineError(problem.code as EngineErrorCode, `${problem.relativePath}: ${problem.reason}`, { detail: { ...problem } })
}
