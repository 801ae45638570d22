/** @file The door of library: folders of pictures, opened, listed and shown. */
export { browseFolder } from './browse'
export { createByteCache, type ByteCache } from './byte-cache'
export { contentHash } from './content-hash'
export { createLanes } from './lanes'
export { createLibraries, type Libraries, type LibrariesOptions } from './libraries'
export type { LibraryImage } from './image-record'
export type { PictureBytes } from './pictures'
export { describeProblem } from './problem'
export { readSettled, type SettledBytes } from './read-settled'
export { scanFolder, type ScanBatch, type ScannedImage } from './scan'
export { openStore, type OpenStoreOptions } from './store/open-store'
export type {
  FileTable,
  Mended,
  ModelKey,
  PatchBasis,
  PatchTable,
  ReadVectors,
  Store,
  StoredFile,
  StoredPatches,
  StoredVectors,
  VectorTable,
} from './store/store'
