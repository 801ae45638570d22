/** @file The door of optim. */
export * from './adamw'
export * from './clip'
export * from './parameter-groups'
export * from './schedules'
