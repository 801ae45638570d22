/** @file The door of display: pure colour and field functions, shared by the page and the command line. */
export * from './colour-maps'
export * from './fields'
export * from './pixels'
export * from './duplicate-groups'
export * from './union-find'
export * from './label-colours'
export * from './cut-parts'
