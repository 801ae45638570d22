/** @file The pictures that turned out unreadable in this run, and what to say when too many of them are. */
import { stat } from 'node:fs/promises'
import { EngineError, type FileProblem } from '../../contract'
import type { FilePath } from '../../files'
import { describeProblem } from '../../library'

export interface TrainingImage {
  readonly path: FilePath
  /** Below the root, for display. */
  readonly relativePath: string
  readonly sizeBytes: number
}

export interface Problems {
  /** Whether picture number `image` is known to be unreadable. */
  has(image: number): boolean
  /**
   * Notes a picture that could not be read; once each.
   * @throws EngineError SOURCE_UNAVAILABLE when it is the whole folder that is gone
   */
  add(image: number, error: EngineError): Promise<void>
  /** Why nothing is left to train on. */
  nothingLeft(): EngineError
  readonly list: readonly FileProblem[]
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  )
}

export function createProblems(images: readonly TrainingImage[], root: string, onSkipped: (problem: FileProblem) => void): Problems {
  const known = new Set<number>()
  const list: FileProblem[] = []
  const gone = (): EngineError =>
    new EngineError('SOURCE_UNAVAILABLE', `${root}: the folder with the training pictures can no longer be read; put it back and resume the run`, { detail: { path: root } })
  return {
    has: (image) => known.has(image),
    add: async (image, error) => {
      // A picture that cannot be opened may be one that somebody deleted, or the first sign of a volume pulled out.
      if (error.code === 'SOURCE_UNAVAILABLE' && !(await isFolder(root))) throw gone()
      if (known.has(image)) return
      const { relativePath, path } = images[image]!
      const problem = describeProblem(relativePath, path, error)
      known.add(image)
      list.push(problem)
      onSkipped(problem)
    },
    nothingLeft: () => {
      if (list.every(({ code }) => code === 'SOURCE_UNAVAILABLE')) return gone()
      const first = list[0]!
      return new EngineError('TRAIN_IMAGES', `none of the ${images.length} pictures in ${root} can be read; ${first.relativePath}: ${first.reason}`, {
        detail: { path: root, problems: list.slice(0, 20) },
      })
    },
    list,
  }
}
