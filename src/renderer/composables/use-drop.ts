/** @file Files and folders dropped on the window. */
import { onBeforeUnmount, onMounted, shallowRef, type ShallowRef } from 'vue'

export interface DroppedItem {
  readonly file: File
  readonly isFolder: boolean
}

const carriesFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false

function firstItem(transfer: DataTransfer | null): DroppedItem | undefined {
  const item = [...(transfer?.items ?? [])].find((candidate) => candidate.kind === 'file')
  const file = item?.getAsFile() ?? undefined
  return file === undefined ? undefined : { file, isFolder: item?.webkitGetAsEntry()?.isDirectory ?? false }
}

/** Calls `onDrop` with the first thing dropped; the ref says whether something hovers over the window. */
export function useDrop(onDrop: (item: DroppedItem) => void): Readonly<ShallowRef<boolean>> {
  const hovering = shallowRef(false)
  // Entering a child fires before leaving its parent, so entries are counted.
  let depth = 0

  const enter = (event: DragEvent): void => {
    if (!carriesFiles(event)) return
    depth += 1
    hovering.value = true
  }
  const leave = (event: DragEvent): void => {
    if (!carriesFiles(event)) return
    depth = Math.max(0, depth - 1)
    hovering.value = depth > 0
  }
  const over = (event: DragEvent): void => {
    if (carriesFiles(event)) event.preventDefault()
  }
  const drop = (event: DragEvent): void => {
    event.preventDefault()
    depth = 0
    hovering.value = false
    const item = firstItem(event.dataTransfer)
    if (item !== undefined) onDrop(item)
  }
  onMounted(() => {
    window.addEventListener('dragenter', enter)
    window.addEventListener('dragleave', leave)
    window.addEventListener('dragover', over)
    window.addEventListener('drop', drop)
  })
  onBeforeUnmount(() => {
    window.removeEventListener('dragenter', enter)
    window.removeEventListener('dragleave', leave)
    window.removeEventListener('dragover', over)
    window.removeEventListener('drop', drop)
  })
  return hovering
}
