/** @file The door of train/recipe: what a run is asked to do, from text to numbers. */
export { recipeConfig, recipeHeads, recipeSummary } from './architecture'
export { cropGroups, maskOptions, type CropGroup } from './crops'
export { durationSteps, type Duration, type RunLength } from './duration'
export { checkRecipe, parseRecipe } from './parse'
export { presetNames, recipePresets } from './presets'
export { recipeSchedule, type RecipeSchedule, type ScheduleOptions, type StepSchedule } from './schedule'
export type { Recipe, RecipeOverrides } from './schema'
export { recipeYaml } from './write'
