/** @file Types of layers.mjs. */
export const layers: Readonly<Record<string, readonly string[]>>
export const sharedFiles: Readonly<Record<string, readonly string[]>>
export const packageOwners: Readonly<Record<string, readonly string[]>>
export const browserFolders: readonly string[]
