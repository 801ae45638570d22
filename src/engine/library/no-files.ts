/** @file A table that keeps nothing: for folders that are opened without a workspace. */
import type { FileTable } from './store/store'

/** Every folder is new to it. */
export const noFiles: FileTable = {
  list: () => Promise.resolve([]),
  roots: () => Promise.resolve([]),
  put: () => Promise.resolve(),
  remove: () => Promise.resolve(),
  forget: () => Promise.resolve(),
}
