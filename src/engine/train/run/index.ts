/** @file The door of run: what a run keeps on disk, written so that a crash, a full disk or a power cut loses at most one interval. */
export type { CheckpointFile, CheckpointManifest, Refusal } from './checkpoint-manifest'
export type { RunDescription, RunInit, RunTeacher } from './description'
export { bestCheckpoint, listCheckpoints, newestCheckpoint, type CheckpointInfo, type CheckpointSearch, type RefusedCheckpoint, type SearchOptions } from './find-checkpoint'
export { imagePath, type ListedImage, type RunImage } from './image-list'
export { headsFile, requireSameTeacher, teacherFolder } from './kept-teacher'
export { logFile, metricsFile, recipeFile, reportFile } from './layout'
export { listRunFolders, runInfo, runSize, type RunListing } from './list-runs'
export { checkpointFile, loadCheckpoint, type ExpectedTensors, type LoadedCheckpoint } from './load-checkpoint'
export { lockHolder, lockRun, requireUnlocked, type LockHolder, type RunLock } from './lock'
export { openMetricsLog, type MetricsLog } from './metrics-log'
export { readMetrics } from './read-metrics'
export {
  createRunFolder,
  createRunFolderAt,
  openRunFolder,
  readRunImages,
  readRunRecipe,
  removeRunFolder,
  renameRun,
  type RunDraft,
  type RunFolder,
} from './run-folder'
export { saveCheckpoint, type CheckpointContent, type SaveOptions, type TensorEntries } from './save-checkpoint'
export { createStatusWriter, maximumWarnings, readRunStatus, writeRunStatus, type RunStatus, type StatusWriter } from './status'
export { openTrainLog, type TrainLog } from './train-log'
