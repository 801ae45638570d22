/** @file The door of optim. */
export * from './parameter-groups'
export * from './schedules'
