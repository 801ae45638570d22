/** @file `dinoscope eval knn`: how well features tell the class folders apart, as DINO and DINOv2 are scored first. */
import { binomialError, knn, openRowProducts, type KnnResult } from '../../engine/inference'
import type { CommandContext, CommandResult } from '../context'
import { exitCodes } from '../exit-codes'
import { confusionTable, extremes, leftOut, sharesOf, withError, withEvalSides, type EvalOptions, type EvalSides } from './eval-sides'

export interface EvalKnnOptions extends EvalOptions {
  readonly k: readonly number[]
}

function linesOf({ references, queries, overlap, withoutReference, scores }: KnnResult, sides: EvalSides): string[] {
  const notes = [
    overlap > 0 ? `${overlap} pictures are in both folders; none was compared with itself` : '',
    withoutReference > 0 ? `${withoutReference} pictures have a class that no reference has` : '',
  ]
  return [
    ...scores.map(({ k, accuracy, correct }) => `k = ${k}: ${withError(accuracy, binomialError(correct, queries))} (${correct} of ${queries} pictures)`),
    `${sides.classes.length} classes, ${references} references`,
    ...extremes(sharesOf(scores[0]?.perClass ?? [])),
    ...notes.filter((note) => note !== ''),
    ...leftOut(sides),
  ]
}

/** Prints the accuracy of the nearest pictures of `trainFolder` in naming the class of those of `testFolder`. */
export async function evalKnn(trainFolder: string, testFolder: string, options: EvalKnnOptions, context: CommandContext): Promise<CommandResult> {
  return withEvalSides([trainFolder, testFolder], options, context, async (sides, runtime) => {
    const { references, queries, dim, classes, skipped, unclassed, what } = sides
    const { products, release } = await openRowProducts(runtime)
    const result = await knn(references, queries, { dim, classes, ks: options.k, products, signal: context.signal }).finally(release)
    const { scores, ...counts } = result
    const [first] = scores
    const value = {
      ...what,
      accuracy: first?.accuracy,
      scores: scores.map(({ k, accuracy, correct }) => ({ k, accuracy, correct })),
      classes,
      ...counts,
      perClass: first?.perClass,
      confusion: confusionTable(first?.confusion, classes.length),
      unclassed,
      skipped,
    }
    context.terminal.result(value, linesOf(result, sides))
    return exitCodes.done
  })
}
