/** @file The door of point-cloud: points in space as they are drawn, found and coloured. Knows three.js, not Vue. */
export { createCloudScene, type CloudScene } from './cloud-scene'
export { pointState } from './cloud-shader'
export { categoryColouring, legendOf, numberColouring, placeColouring, plain, tintsOf, type Colouring, type LegendEntry, type Rgb } from './colouring'
export { createPictureAtlas, type AtlasPicture, type PictureAtlas } from './picture-atlas'
export { pointAt, pointsInside, projectPoints, rectangle, roomForPictures, type Outline, type ScreenPoints, type ScreenSize } from './screen-points'
