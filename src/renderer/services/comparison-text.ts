/** @file What the numbers of a comparison mean, in a sentence each. Pure. */
import type { ModelComparison } from '../../engine/contract'
import { formatCount, formatPercent, formatQuantity } from './format'

/** One number with what it means. */
export interface Figure {
  readonly id: 'cka' | 'overlap' | 'accuracy'
  readonly name: string
  readonly value: string
  readonly meaning: string
}

/** From where on the verdict calls two models nearly alike, mostly alike, or alike in part; of the overlap beyond chance. Chosen by eye. */
const [alikeCka, alike, mostly, partly] = [0.95, 0.8, 0.5, 0.2]

/** The same comparison with the sides exchanged. */
export function flipped(comparison: ModelComparison): ModelComparison {
  const { modelA, modelB, accuracy } = comparison
  return { ...comparison, modelA: modelB, modelB: modelA, accuracy: accuracy && { ...accuracy, a: accuracy.b, b: accuracy.a } }
}

/** What the numbers say together. */
export function verdictText({ identical, cka = 0, overlap, overlapByChance }: ModelComparison): string {
  if (identical?.sameWeights === true && identical.maxAbsDiff === 0) return 'The same model: the same weights, and the same vectors to the bit.'
  if (identical !== undefined) return `The same model: ${identical.sameWeights ? 'the same weights, and ' : ''}vectors that differ by at most ${identical.maxAbsDiff.toExponential(1)}.`
  const kept = overlapByChance < 1 ? (overlap - overlapByChance) / (1 - overlapByChance) : 0
  if (cka >= alikeCka && kept >= alike) return 'Two models that see these pictures nearly alike.'
  if (kept >= mostly) return 'Two models that agree on most of what is near a picture, and differ in some of it.'
  if (kept >= partly) return 'Two models that agree in part: some of what is near a picture is the same by both.'
  return 'Two models that put most pictures beside different ones.'
}

function ckaFigure({ cka, ckaByChance = 0 }: ModelComparison): Figure {
  const meaning =
    cka === undefined
      ? 'One of the models gives every picture the same vector, so there is no layout to compare.'
      : `1 is the same layout of all pictures, turned or scaled; shuffled pictures would give ${ckaByChance.toFixed(2)}.`
  return { id: 'cka', name: 'Linear CKA', value: cka === undefined ? '–' : cka.toFixed(3), meaning }
}

function overlapFigure({ k, overlap, overlapByChance }: ModelComparison): Figure {
  const nearest = k === 1 ? 'The nearest picture is the same by both this often' : `Of the ${formatCount(k)} nearest of a picture, ${(k * overlap).toFixed(1)} are nearest by both`
  return { id: 'overlap', name: 'Neighbours kept', value: formatPercent(overlap), meaning: `${nearest}; chance would give ${formatPercent(overlapByChance, overlapByChance < 0.1 ? 1 : 0)}.` }
}

function accuracyFigure({ accuracy }: ModelComparison): readonly Figure[] {
  if (accuracy === undefined) return []
  const { k, classes, pictures, a, b, largestClass } = accuracy
  const more = Math.round(Math.abs(b - a) * pictures)
  const who = more === 0 ? 'Both name as many folders right' : `${b > a ? 'B' : 'A'} names the folder of ${formatQuantity(more, 'picture')} of ${formatCount(pictures)} more right`
  return [
    {
      id: 'accuracy',
      name: 'k-NN accuracy',
      value: `${formatPercent(a)} → ${formatPercent(b)}`,
      meaning: `${who}, by the ${k} nearest others; ${formatQuantity(classes, 'folder')}, the largest alone ${formatPercent(largestClass)}.`,
    },
  ]
}

/** The numbers there are. */
export function figuresOf(comparison: ModelComparison): readonly Figure[] {
  return [ckaFigure(comparison), overlapFigure(comparison), ...accuracyFigure(comparison)]
}
