/** @file The door of dense: what patch tokens tell about parts of pictures. Pure over tokens and pixels; nothing here knows files. */
export { connectedComponents, type Components } from './components'
export { colourTokens, colourVectors, fitColours, type ColourBasis } from './colours/colour-basis'
