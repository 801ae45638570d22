/** @file Requests about folders of pictures. */
import { join } from 'node:path'
import type { EngineContract, Handlers } from '../../contract'
import { browseFolder } from '../../library'
import { requireAccess } from '../access'
import type { EngineState } from '../engine-state'

type LibraryRequests = 'library.browse' | 'library.open' | 'library.close' | 'library.samples' | 'image.render'

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
  return {
    'library.browse': async ({ path }) => {
      const folder = path ?? root
      if (folder !== undefined) await requireAccess(root, folder)
      const listing = await browseFolder(folder)
      const parentIsOutside = root !== undefined && listing.parent !== undefined && (await requireAccess(root, listing.parent).then(() => false, () => true))
      return parentIsOutside ? { ...listing, parent: undefined } : listing
    },
    'library.open': async ({ path }, context) => {
      if (path !== samples) await requireAccess(root, path)
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
    'image.render': ({ imageId, maxEdge }) => (probePictures.has(imageId) ? probePictures.render(imageId, maxEdge) : libraries.render(imageId, maxEdge)),
  }
}
