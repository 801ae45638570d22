/** @file The door of files: the only ways the engine reads foreign files and writes its own. */
export * from './read'
export * from './write'
export { appendRecords } from './append'
export { acquireLock, holderOf, type Acquired, type LockRecord } from './lock-file'
export { isSameProcess, processIdentity } from './process-identity'
export { findBuiltModule } from './built-module'
