/** @file The door of watch: seeing a run learn, in numbers, warnings, pictures and a report. */
export { guard, guardStart, type GuardObservation, type GuardOptions, type GuardState } from './collapse-guard'
export { createFeatureRing, type FeatureRing, type FeatureRingState } from './feature-ring'
export { featureStatistics, type FeatureStatistics } from './feature-statistics'
export { knnSplit, type KnnSplit } from './knn-split'
export { listProbes, type ProbeFrameFiles, type ProbePictureFiles } from './probe-files'
export { prepareProbes, type Probe, type ProbeCandidate, type ProbeSetOptions } from './probe-set'
export { writeProbes, type ProbeModel } from './probes'
