/** @file Pictures of runs by opaque ids, for the image route: their paths never leave the engine. */
import { randomBytes } from 'node:crypto'
import { EngineError, type RenderedImage } from '../../contract'
import { readImageFile, renderImage } from '../../image'

export interface ProbePictures {
  /** The same path has the same id for as long as the engine lives. */
  idOf(path: string): string
  has(id: string): boolean
  /** @throws EngineError NOT_FOUND, IMG_… */
  render(id: string, maxEdge: number): Promise<RenderedImage>
}

/** Thousands of frames of some pictures each are a few megabytes of names. */
export function createProbePictures(): ProbePictures {
  const ids = new Map<string, string>()
  const paths = new Map<string, string>()
  return {
    idOf: (path) => {
      const known = ids.get(path)
      if (known !== undefined) return known
      const id = randomBytes(16).toString('base64url')
      ids.set(path, id)
      paths.set(id, path)
      return id
    },
    has: (id) => paths.has(id),
    render: async (id, maxEdge) => {
      const path = paths.get(id)
      if (path === undefined) throw new EngineError('NOT_FOUND', 'no run has a picture with this id', { detail: { imageId: id } })
      const { bytes, contentType, width, height } = await renderImage(await readImageFile(path), maxEdge)
      return { bytes, contentType, width, height }
    },
  }
}
