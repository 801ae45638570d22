/** @file The door of losses: graph functions, state passed in and out. */
export * from './diagnostics'
export * from './dino'
export * from './ibot'
export * from './koleo'
export * from './teacher-targets'
