/** @file The door of point-cloud: points in space as they are drawn, found and coloured. Knows three.js, not Vue. */
export { createCloudScene, type CloudScene } from './cloud-scene'
export { categoryColouring, legendOf, numberColouring, plain, tintsOf, type Colouring, type LegendEntry, type Rgb } from './colouring'
export { createPictureAtlas, type AtlasPicture, type PictureAtlas } from './picture-atlas'
export { nearestToEye, pointAt, pointsInside, projectPoints, rectangle, type Outline, type ScreenPoints, type ScreenSize } from './screen-points'
