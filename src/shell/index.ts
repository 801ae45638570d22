/** @file The door of shell: what the desktop window and `serve` share around the engine. */
export * from './folders'
export * from './headers'
export * from './keep-awake'
export * from './pages'
export * from './restart-policy'
export * from './supervisor'
export * from './surface'
export * from './training-watch'
