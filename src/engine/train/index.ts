/** @file The door of train: what a run is asked to do, what it keeps on disk, what is seen of it. */
export type { TrainingImage } from './data'
export { checkRecipe, parseRecipe, presetNames, recipeConfig, recipePresets, recipeSchedule, recipeSummary, recipeYaml, type Recipe, type RecipeOverrides } from './recipe'
export {
  bestCheckpoint,
  createRunFolder,
  createRunFolderAt,
  listRunFolders,
  loadCheckpoint,
  lockHolder,
  lockRun,
  newestCheckpoint,
  openRunFolder,
  readMetrics,
  readRunImages,
  readRunRecipe,
  readRunStatus,
  removeRunFolder,
  renameRun,
  reportFile,
  runInfo,
  writeRunStatus,
  type CheckpointInfo,
  type ListedImage,
  type RunDraft,
  type RunFolder,
  headsFile,
  type RunInit,
  type RunTeacher,
} from './run'
export { listProbes, type ProbeFrameFiles } from './watch'
export { trainedPreprocessing } from './trainer/evaluation-size'
export { ownHeads, teacherProblem, type OwnHeads } from './trainer/frozen-teacher'
export type { TrainControl } from './trainer/control'
export { trainRun, type TrainRunOptions } from './trainer/train-run'
export { measureStep, measureTrainingData } from './trainer/measure-step'
export { trialCard, type TrialOptions } from './trainer/trial-card'
export { headBatch, trainLinearHead, type HeadData, type LinearHead, type TrainLinearOptions } from './heads/train-head'
