/** @file One picture made ready for one model, at the size that was asked for. */
import type { AnalysisSize } from '../contract'
import { prepareEvaluation, prepareWhole, type PreparedImage } from '../image'
import type { ModelManifest } from '../weights'

/**
 * The model's own evaluation crop, or the whole picture with its short edge at `size` or at its own.
 * @param maxPatches what a whole picture is limited to, with a note
 * @throws EngineError IMG_…, BAD_REQUEST
 */
export async function preparePicture(bytes: Buffer, size: AnalysisSize, { config, preprocessing }: Pick<ModelManifest, 'config' | 'preprocessing'>, maxPatches: number): Promise<PreparedImage> {
  const { patchSize } = config
  return size === 'evaluation' ? prepareEvaluation(bytes, preprocessing, patchSize) : prepareWhole(bytes, { size, patchSize, maxPatches })
}

/** What {@link preparePicture} does to every picture, in words. */
export function describePreparation(size: AnalysisSize, { preprocessing }: Pick<ModelManifest, 'preprocessing'>): string {
  const { shortEdge, crop, mean, std } = preprocessing
  const geometry = size === 'evaluation' ? `short edge to ${shortEdge} (bicubic), centre crop of ${crop}` : `whole picture, ${size === 'native' ? 'at its own size' : `short edge to ${size}`} (bicubic), both edges rounded to whole patches`
  return `${geometry}; mean ${mean.join(' ')}, standard deviation ${std.join(' ')}`
}
