/** @file The door of dense: what patch tokens tell about parts of pictures. Pure over tokens and pixels; nothing here knows files. */
export { connectedComponents, type Components } from './components'
export { colourTokens, colourVectors, fitColours, type ColourBasis } from './colours/colour-basis'
export { boxOf } from './objects/found'
export { lost } from './objects/lost'
export { normalisedCut, type NormalisedCut } from './objects/normalised-cut'
export { maxGraphPatches, similarityGraph, type SimilarityGraph } from './objects/similarity-graph'
export { tokenCut, type ObjectFeatures, type ObjectOptions } from './objects/token-cut'
export { refineLabels } from './edges/refine-labels'
