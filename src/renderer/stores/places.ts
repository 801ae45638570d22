/** @file Choosing a folder or a model in the way of this home: the system's dialog on the desktop, our own in a browser. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { desktopBridge } from '../services/bridge'
import { useLibraryStore } from './library'
import { useModelsStore } from './models'
import { useNoticesStore } from './notices'

/** Something to open, something to import, a folder to put files into, or one with class folders. */
export type PlacePurpose = 'folder' | 'model' | 'target' | 'classes'

/** Names of files that hold models. */
export const modelName = /\.(pth|pt|bin|safetensors|onnx)$/i

export const usePlacesStore = defineStore('places', () => {
  const library = useLibraryStore()
  const models = useModelsStore()
  const notices = useNoticesStore()
  /** What the in-page dialog asks for; undefined while it is closed. */
  const asking = shallowRef<PlacePurpose>()

  /** Who waits for a folder that is neither opened nor imported. */
  let giveChosen: ((path: string | undefined) => void) | undefined

  /** Opens or imports what lies at `path`. */
  const take = (purpose: 'folder' | 'model', path: string): Promise<void> => (purpose === 'folder' ? library.open(path) : models.importFrom(path))

  const ask = async (purpose: 'folder' | 'model'): Promise<void> => {
    const bridge = desktopBridge()
    if (bridge === undefined) {
      asking.value = purpose
      return
    }
    const path = await (purpose === 'folder' ? bridge.pickFolder() : bridge.pickModel())
    if (path !== undefined) await take(purpose, path)
  }

  const choose = (purpose: 'target' | 'classes'): Promise<string | undefined> => {
    const bridge = desktopBridge()
    if (bridge !== undefined) return bridge.pickFolder()
    giveChosen?.(undefined)
    asking.value = purpose
    return new Promise((resolve) => {
      giveChosen = resolve
    })
  }
  /** An existing folder to put files into; undefined when the dialog is dismissed. */
  const chooseTarget = (): Promise<string | undefined> => choose('target')
  /** A folder that holds a folder of pictures for each class; likewise. */
  const chooseClasses = (): Promise<string | undefined> => choose('classes')

  /** The in-page dialog's answer. */
  const answer = async (path: string | undefined): Promise<void> => {
    const purpose = asking.value
    asking.value = undefined
    if (purpose === 'target' || purpose === 'classes') {
      giveChosen?.(path)
      giveChosen = undefined
      return
    }
    if (path !== undefined && purpose !== undefined) await take(purpose, path)
  }

  /** Something was dropped on the window. `preferred` is what the present screen is about. */
  const drop = async (file: File, isFolder: boolean, preferred: 'folder' | 'model'): Promise<void> => {
    const purpose = modelName.test(file.name) && !isFolder ? 'model' : preferred
    if (purpose === 'folder' && !isFolder) {
      notices.show('info', 'Drop the folder that holds the pictures, not a single file.')
      return
    }
    const path = desktopBridge()?.pathForFile(file) ?? ''
    if (path !== '') {
      await take(purpose, path)
      return
    }
    notices.show('info', `A browser does not tell where a dropped ${isFolder ? 'folder' : 'file'} lies. Please choose it here instead.`)
    asking.value = purpose
  }

  return { asking, take, ask, chooseTarget, chooseClasses, answer, drop }
})
