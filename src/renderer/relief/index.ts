/** @file The door of relief: a picture lifted by a field of numbers. */
export { createReliefScene, reliefHeights, type ReliefScene } from './relief-scene'
