/** @file The door of image: from a file's bytes to what a model or a person is shown. The only importer of sharp. */
export { assertUntrustedLoadersBlocked } from './native'
export { writePatchRows } from './patches'
export { prepareEvaluation, prepareWhole, type PreparedImage } from './prepare'
export { readImageFile } from './read-file'
export { encodePng, renderImage, type RenderedPicture } from './render'
