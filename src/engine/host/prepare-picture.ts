/** @file One picture made ready for one model, at the size that was asked for. */
import type { AnalysisSize } from '../contract'
import { prepareEvaluation, prepareStretched, prepareWhole, type PreparedImage } from '../image'
import { describePrecision, type BackboneDescription } from '../inference'
import { fixedSizeOf, type ModelManifest } from '../weights'

/**
 * The model's own evaluation crop, or the whole picture with its short edge at `size` or at its own; of a model that takes one
 * size alone, stretched to that.
 * @param maxPatches what a whole picture is limited to, with a note
 * @throws EngineError IMG_…, BAD_REQUEST
 */
export async function preparePicture(bytes: Buffer, size: AnalysisSize, { config, preprocessing }: Pick<ModelManifest, 'config' | 'preprocessing'>, maxPatches: number): Promise<PreparedImage> {
  const { patchSize } = config
  if (size === 'evaluation') return prepareEvaluation(bytes, preprocessing, patchSize)
  const fixed = fixedSizeOf(config)
  return fixed !== undefined ? prepareStretched(bytes, fixed) : prepareWhole(bytes, { size, patchSize, maxPatches })
}

/**
 * What is done to every picture, in words: {@link preparePicture}, and what the model computes in where that is not fp32. Vectors
 * are kept by these words, so that those of two precisions never meet.
 */
export function describePreparation(size: AnalysisSize, { config, preprocessing, precision }: Pick<BackboneDescription, 'config' | 'preprocessing' | 'precision'>): string {
  const { shortEdge, crop, mean, std } = preprocessing
  const fixed = fixedSizeOf(config)
  const whole = fixed === undefined ? `${size === 'native' ? 'at its own size' : `short edge to ${size}`} (bicubic), both edges rounded to whole patches` : `stretched to ${fixed} × ${fixed} (bicubic)`
  const geometry = size === 'evaluation' ? `short edge to ${shortEdge} (bicubic), centre crop of ${crop}` : `whole picture, ${whole}`
  const way = describePrecision(precision)
  return `${geometry}; mean ${mean.join(' ')}, standard deviation ${std.join(' ')}${way === undefined ? '' : `; ${way}`}`
}
