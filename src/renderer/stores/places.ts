/** @file Choosing a folder or a model in the way of this home: the system's dialog on the desktop, our own in a browser. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { desktopBridge } from '../services/bridge'
import { useLibraryStore } from './library'
import { useModelsStore } from './models'
import { useNoticesStore } from './notices'

export type PlacePurpose = 'folder' | 'model'

/** Names of files that hold models. */
export const modelName = /\.(pth|pt|bin|safetensors|onnx)$/i

export const usePlacesStore = defineStore('places', () => {
  const library = useLibraryStore()
  const models = useModelsStore()
  const notices = useNoticesStore()
  /** What the in-page dialog asks for; undefined while it is closed. */
  const asking = shallowRef<PlacePurpose>()

  /** Opens or imports what lies at `path`. */
  const take = (purpose: PlacePurpose, path: string): Promise<void> => (purpose === 'folder' ? library.open(path) : models.importFrom(path))

  const ask = async (purpose: PlacePurpose): Promise<void> => {
    const bridge = desktopBridge()
    if (bridge === undefined) {
      asking.value = purpose
      return
    }
    const path = await (purpose === 'folder' ? bridge.pickFolder() : bridge.pickModel())
    if (path !== undefined) await take(purpose, path)
  }

  /** The in-page dialog's answer. */
  const answer = async (path: string | undefined): Promise<void> => {
    const purpose = asking.value
    asking.value = undefined
    if (path !== undefined && purpose !== undefined) await take(purpose, path)
  }

  /** Something was dropped on the window. `preferred` is what the present screen is about. */
  const drop = async (file: File, isFolder: boolean, preferred: PlacePurpose): Promise<void> => {
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

  return { asking, take, ask, answer, drop }
})
