/** @file The door of inference: what can be asked of a model about pictures. */
export { analyseImage, attentionOf, patchTokens, pcaOf, similarityTo, type AnalysisState } from './analyse'
export { embedModel, loadBackbone, lookModel, type Backbone, type PatchBatch, type PatchGrid } from './backbone'
export { embedBatch, embedImages, pooledDim, type EmbedOptions, type EmbedSource, type EmbedSummary } from './embed'
export { pcaMap } from './pca-map'
