/** @file The door of nn. */
export * from './initialise'
export * from './macs'
export * from './position-embedding'
export * from './vision-transformer'
export * from './vit-config'
