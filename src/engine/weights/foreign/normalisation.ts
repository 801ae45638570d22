/** @file How pictures are normalised for a graph: what its preprocessor says, or what models of that name are used to. */
import { dirname, join } from 'node:path'
import { z } from 'zod'
import type { OnnxMapping } from '../../contract'
import { readRegularFile } from '../../files'

export type Normalisation = Pick<OnnxMapping, 'mean' | 'std'>

/** Of most vision models, of CLIP and of SigLIP. Source: torchvision; openai/CLIP `clip.py`; SigLIP's processor. */
const known = {
  imagenet: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  clip: { mean: [0.48145466, 0.4578275, 0.40821073], std: [0.26862954, 0.26130258, 0.27577711] },
  half: { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
} as const

/** By the name of a file and of the program that wrote it. */
export function usualNormalisation(name: string): Normalisation {
  const hint = name.toLowerCase()
  return known[hint.includes('siglip') ? 'half' : hint.includes('clip') ? 'clip' : 'imagenet']
}

const channels = z.tuple([z.number(), z.number(), z.number()])
const preprocessor = z.object({ image_mean: channels, image_std: channels.refine((std) => std.every((value) => value > 0)) })
const largestBytes = 2 ** 20

/** From a Hugging Face `preprocessor_config.json` beside the file or, as its ONNX models lie, in the folder above; undefined where there is none. */
export async function statedNormalisation(source: string): Promise<Normalisation | undefined> {
  const folder = dirname(source)
  for (const place of [folder, dirname(folder)]) {
    const text = await readRegularFile(join(place, 'preprocessor_config.json'), largestBytes).catch(() => undefined)
    const stated = text === undefined ? undefined : readStated(text.toString('utf8'))
    if (stated !== undefined) return stated
  }
  return undefined
}

function readStated(text: string): Normalisation | undefined {
  try {
    const { image_mean: mean, image_std: std } = preprocessor.parse(JSON.parse(text))
    return { mean, std }
  } catch {
    return undefined
  }
}
