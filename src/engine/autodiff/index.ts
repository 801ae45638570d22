/** @file The door of autodiff. */
export { gradients } from './gradients'
