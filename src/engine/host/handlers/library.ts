/** @file Requests about folders of pictures. */
import { realpath } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { EngineError, isEngineError, type EngineContract, type Handlers } from '../../contract'
import { browseFolder } from '../../library'
import { isInside, requireAccess } from '../access'
import type { EngineState } from '../engine-state'

type LibraryRequests = 'library.browse' | 'library.open' | 'library.close' | 'library.samples' | 'library.folders' | 'library.forget' | 'image.render'

/** A page that is loaded again opens its folder anew; what it left behind is closed when there are more than these. */
const keptLibraries = 8

/** `library.*` and `image.*` */
export function libraryHandlers({ options, libraries, probePictures }: EngineState): Pick<Handlers<EngineContract>, LibraryRequests> {
  const { root } = options
  const samples = join(options.resources, 'samples')
  // Oldest first.
  const opened = new Set<string>()
  const remember = (libraryId: string): void => {
    opened.add(libraryId)
    const [oldest] = opened
    if (opened.size > keptLibraries && oldest !== undefined) close(oldest)
  }
  const close = (libraryId: string): void => {
    opened.delete(libraryId)
    libraries.close(libraryId)
  }
  const realPathOf = (path: string): Promise<string> => realpath(path).catch(() => resolve(path))
  /** A known folder, which is named by its real path, even where nothing lies now. */
  const liesInside = async (path: string): Promise<boolean> => root === undefined || isInside(await realPathOf(root), resolve(path))
  const isListed = async (path: string): Promise<boolean> => path !== (await realPathOf(samples)) && (await liesInside(path))
  const requireOpenable = async (path: string): Promise<void> => {
    if (path === samples) return
    await requireAccess(root, path).catch(async (error: unknown) => {
      if (!isEngineError(error, 'SOURCE_UNAVAILABLE') || !(await liesInside(path))) throw error
    })
  }
  return {
    'library.browse': async ({ path }) => {
      const folder = path ?? root
      if (folder !== undefined) await requireAccess(root, folder)
      const listing = await browseFolder(folder)
      const parentIsOutside = root !== undefined && listing.parent !== undefined && (await requireAccess(root, listing.parent).then(() => false, () => true))
      return parentIsOutside ? { ...listing, parent: undefined } : listing
    },
    'library.open': async ({ path }, context) => {
      await requireOpenable(path)
      return libraries.open(path, {
        signal: context.signal,
        emit: (event) => {
          if (event.kind === 'opened') remember(event.libraryId)
          context.emit(event)
        },
      })
    },
    'library.close': ({ libraryId }) => {
      close(libraryId)
      return Promise.resolve(undefined)
    },
    'library.samples': () => Promise.resolve({ path: samples }),
    'library.folders': async () => {
      const folders = await libraries.folders()
      const shown = await Promise.all(folders.map(({ path }) => isListed(path)))
      return folders.filter((_, index) => shown[index])
    },
    'library.forget': async ({ path }) => {
      if (!(await isListed(path))) throw new EngineError('NOT_FOUND', `${path} is not among the folders that were opened`, { detail: { path } })
      await libraries.forget(path)
      return undefined
    },
    'image.render': ({ imageId, maxEdge }) => (probePictures.has(imageId) ? probePictures.render(imageId, maxEdge) : libraries.render(imageId, maxEdge)),
  }
}
