/** @file The door of host: the engine behind its contract. */
export * from './host'
export * from './schemas'
