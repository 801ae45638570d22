/** @file How a run is steered from outside. */

/** What a person can ask of a run while it works; asked between steps. */
export interface TrainControl {
  paused(): boolean
  finishBy(): Date | undefined
}
