/** @file The door of progress. */
export { createProgress, progressAt, type ProgressReporter } from './progress'
