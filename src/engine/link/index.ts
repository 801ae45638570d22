/** @file The door of link: the transports between the engine's process and everyone who talks to it. */
export * from './child-process'
export * from './engine-options'
export * from './join'
export * from './memory'
export * from './message-port'
export * from './multiplex'
export * from './port-events'
export * from './web-socket'
