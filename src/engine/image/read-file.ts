/** @file A picture file's bytes, read the one safe way. */
import { EngineError, isEngineError } from '../contract'
import { readRegularFile, type FilePath } from '../files'
import { maxFileBytes } from './limits'

/**
 * Reads a whole picture file.
 * @throws EngineError NOT_A_FILE, SOURCE_UNAVAILABLE, or IMG_TOO_LARGE beyond `maxFileBytes`
 */
export async function readImageFile(path: FilePath): Promise<Buffer> {
  try {
    return await readRegularFile(path, maxFileBytes)
  } catch (error) {
    if (!isEngineError(error, 'BAD_REQUEST')) throw error
    throw new EngineError('IMG_TOO_LARGE', error.message, { detail: error.detail, cause: error })
  }
}
