/** @file Features of classes that overlap, drawn from streams. */
import type { LabelledFeatures } from '../../src/engine/inference'
import { randomStream } from '../../src/engine/tensor'

/** Clouds around one centre for each class, wide enough that classes are mixed up. */
export function clouds(count: number, dim: number, classes: number, seed: number, spread = 1.6): LabelledFeatures {
  const random = randomStream(seed)
  const centre = randomStream(99)
  const centres = Float32Array.from({ length: classes * dim }, () => centre.normal())
  const labels = Int32Array.from({ length: count }, () => Math.floor(random.uniform() * classes))
  const features = new Float32Array(count * dim)
  labels.forEach((label, row) => {
    for (let index = 0; index < dim; index++) features[row * dim + index] = centres[label * dim + index]! + spread * random.normal()
  })
  return { features, labels }
}
