/** @file What an evaluation is, in words. */
import type { EvaluationData, EvaluationInfo, EvaluationProtocol } from '../../engine/contract'
import { formatCount, formatPercent, formatQuantity, formatValue } from './format'

export const protocolWords: Readonly<Record<EvaluationProtocol, { readonly name: string; readonly column: string; readonly hint: string }>> = {
  knn: { name: 'k-NN', column: 'k-NN, top-1', hint: 'The most similar pictures vote for the class: 20 as in the papers, fewer where classes are small. Nothing is trained.' },
  linear: { name: 'Linear probe', column: 'Linear probe, top-1', hint: 'A linear classifier learns from the features; the model stays as it is.' },
  retrieval: { name: 'Retrieval', column: 'Retrieval, mAP', hint: 'How early pictures of the same class come when all are ranked by similarity.' },
}

/** `66.5 % ± 0.5`. */
export function shareText(value: number, error: number | undefined): string {
  return error === undefined ? formatPercent(value, 1) : `${formatPercent(value, 1)} ± ${(100 * error).toFixed(1)}`
}

const nameOf = (path: string): string => path.replace(/[\\/]+$/, '').split(/[\\/]/).at(-1) ?? path

/** `train → test`, or the one folder. */
export function dataName({ folder, testFolder }: EvaluationData): string {
  return testFolder === undefined ? nameOf(folder) : `${nameOf(folder)} → ${nameOf(testFolder)}`
}

/** `10 classes · 5,000 pictures, 1,000 tested`. */
export function dataFacts({ classes, testFolder }: EvaluationData): string {
  const sum = (pick: (one: EvaluationData['classes'][number]) => number): number => classes.reduce((total, one) => total + pick(one), 0)
  const tested = testFolder === undefined ? '' : `, ${formatCount(sum(({ testPictures }) => testPictures))} tested`
  return `${formatQuantity(classes.length, 'class', 'classes')} · ${formatQuantity(sum(({ pictures }) => pictures), 'picture')}${tested}`
}

const splitWords: Readonly<Record<EvaluationInfo['split'], string>> = {
  folders: 'tested on the second folder',
  'leave-one-out': 'each picture by all the others',
  'held-out-fifth': 'tested on a fixed fifth of each class',
}

/** How it was scored, and what was left out. */
export function scoredText({ method, split, counts, version }: EvaluationInfo): string {
  const how = method.kind === 'knn' ? `k = ${method.k}` : method.kind === 'linear' ? `C = ${formatValue(method.C).replace(/\.?0+$/, '')}, chosen away from the test` : 'by cosine'
  const left = [
    counts.unanswerable > 0 ? `${formatCount(counts.unanswerable)} without another of their class` : '',
    counts.overlap > 0 ? `${formatCount(counts.overlap)} in both folders` : '',
    counts.duplicates > 0 ? `${formatQuantity(counts.duplicates, 'duplicate')} left out` : '',
    counts.unclassed > 0 ? `${formatCount(counts.unclassed)} in no class folder` : '',
    counts.skipped > 0 ? `${formatCount(counts.skipped)} could not be used` : '',
  ].filter((part) => part !== '')
  return [`${how}; ${splitWords[split]}`, `${formatQuantity(counts.queries, 'picture')} tested against ${formatCount(counts.references)}`, ...left, `DinoScope ${version}`].join(' · ')
}
