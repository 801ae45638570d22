/** @file The door of library: folders of pictures, opened, listed and shown. */
export { browseFolder } from './browse'
export { createLibraries, type Libraries } from './libraries'
export type { LibraryImage } from './library'
export { scanFolder, type ScanBatch, type ScannedImage } from './scan'
