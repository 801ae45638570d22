/** @file Pictures that were dropped or pasted to search by: checked when they come, kept for a while, embedded when they are searched by. */
import { randomBytes } from 'node:crypto'
import { EngineError, isEngineError } from '../contract'
import { renderImage } from '../image'

/** A picture that can be decoded. */
export interface Upload {
  readonly name: string
  readonly bytes: Buffer
  /** Its vectors, by model and pooling: it is searched by again and again while examples are added. */
  readonly vectors: Map<string, Float32Array>
}

export interface Uploads {
  /**
   * Decodes a picture and keeps its bytes.
   * @returns the id it can be asked for
   * @throws EngineError IMG_… naming it
   */
  keep(name: string, bytes: Uint8Array): Promise<string>
  /** @throws EngineError NOT_FOUND when it was never there or has been forgotten */
  get(uploadId: string): Upload
}

const keptUploads = 16
const keptBytes = 256 * 2 ** 20
/** As large as the thumbnails that show whether a picture of a folder is whole. */
const checkedEdge = 384

/** The picture not searched by for the longest is forgotten first. The newest is kept whatever its size. */
export function createUploads(maxUploads = keptUploads, maxBytes = keptBytes): Uploads {
  // In order of use, oldest first.
  const kept = new Map<string, Upload>()
  const makeRoom = (): void => {
    let bytes = [...kept.values()].reduce((sum, upload) => sum + upload.bytes.length, 0)
    for (const [id, upload] of kept) {
      if (kept.size <= 1 || (kept.size <= maxUploads && bytes <= maxBytes)) return
      kept.delete(id)
      bytes -= upload.bytes.length
    }
  }
  return {
    keep: async (name, bytes) => {
      const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      await renderImage(buffer, checkedEdge).catch((error: unknown) => {
        throw isEngineError(error) ? new EngineError(error.code, `${name}: ${error.message}`, { detail: { ...error.detail, name }, cause: error }) : error
      })
      const uploadId = randomBytes(12).toString('base64url')
      kept.set(uploadId, { name, bytes: buffer, vectors: new Map() })
      makeRoom()
      return uploadId
    },
    get: (uploadId) => {
      const upload = kept.get(uploadId)
      if (upload === undefined) throw new EngineError('NOT_FOUND', 'the picture to search by is no longer kept; drop it again', { detail: { uploadId } })
      kept.delete(uploadId)
      kept.set(uploadId, upload)
      return upload
    },
  }
}
