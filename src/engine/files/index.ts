/** @file The door of files: the only ways the engine reads foreign files and writes its own. */
export * from './read'
export * from './write'
