/** @file The door of optim. */
export * from './adamw'
export * from './clip'
export * from './lbfgs'
export * from './parameter-groups'
export * from './schedules'
