/** @file A precision card in plain words. */
import type { PrecisionCard } from '../../engine/contract'
import { formatQuantity } from './format'

/** Cosines near 1 with the digits that tell them apart, never rounded up to 1. */
export function cosineText(value: number): string {
  return (Math.floor(value * 1e5) / 1e5).toFixed(5)
}

export interface PrecisionFact {
  readonly name: string
  readonly value: string
  /** Beside the value, smaller. */
  readonly more: string
  readonly hint: string
}

export function precisionFacts({ cls, patches, overlap, neighbours, speed, ownMs, exactMs }: PrecisionCard): readonly PrecisionFact[] {
  return [
    { name: 'Speed', value: `${speed.median.toFixed(2)} ×`, more: `${speed.low.toFixed(2)} to ${speed.high.toFixed(2)}`, hint: `How many times as fast as fp32, run in turns; the middle half of the runs beside it. ${ownMs.toFixed(1)} ms a picture, fp32 ${exactMs.toFixed(1)} ms` },
    { name: 'Pictures', value: cosineText(cls.mean), more: `worst ${cosineText(cls.worst)}`, hint: 'Cosine of the CLS tokens with those of fp32: mean, and the worst picture' },
    { name: 'Patches', value: cosineText(patches.mean), more: `worst ${cosineText(patches.worst)}`, hint: 'Cosine of the patch tokens with those of fp32: mean, and the worst picture' },
    { name: 'Neighbours', value: `${(100 * overlap).toFixed(1)} %`, more: `nearest ${neighbours}`, hint: `How many of the ${neighbours} nearest pictures are the same` },
  ]
}

/** What the card comes to, in a sentence. */
export function verdictText({ precision, verdict }: PrecisionCard): string {
  switch (verdict) {
    case 'use':
      return `Near enough to fp32, and faster here: ${precision} is worth using.`
    case 'slow':
      return `Near enough to fp32, but not clearly faster here: ${precision} gains little.`
    case 'far':
      return `Too far from fp32: ${precision} would be another model to search and compare with, so it is not offered.`
  }
}

/** `Measured on 64 pictures of holiday, with the CPU.` */
export function measuredText({ pictures, folder, provider }: PrecisionCard): string {
  return `Measured on ${formatQuantity(pictures, 'picture')} of ${folder ?? 'the samples'}, with ${provider === 'cpu' ? 'the CPU' : provider}.`
}
