/** @file `dinoscope eval linear`: how well a linear classifier on frozen features tells the class folders apart. */
import { binomialError, linearEvaluation, openRowProducts, type LinearResult } from '../../engine/inference'
import { createProgress } from '../../engine/progress'
import type { CommandContext, CommandResult } from '../context'
import { exitCodes } from '../exit-codes'
import { confusionTable, extremes, leftOut, percent, sharesOf, withError, withEvalSides, type EvalOptions, type EvalSides } from './eval-sides'

function linesOf({ references, queries, overlap, withoutReference, correct, accuracy, top5, C, compared, perClass }: LinearResult, sides: EvalSides): string[] {
  const notes = [
    overlap > 0 ? `${overlap} pictures are in both folders; none of them was learned from` : '',
    withoutReference > 0 ? `${withoutReference} pictures have a class that none was learned of` : '',
  ]
  const held = compared.find((one) => one.C === C)
  return [
    `top-1: ${withError(accuracy, binomialError(correct, queries))} (${correct} of ${queries} pictures)`,
    ...(top5 === undefined ? [] : [`top-5: ${percent(top5)}`]),
    `${sides.classes.length} classes, learned from ${references} pictures`,
    held === undefined ? `C = ${C}; there was nothing to choose it by` : `C = ${C}, chosen among ${compared.length} on a fifth of them: ${percent(held.accuracy)} there`,
    ...extremes(sharesOf(perClass)),
    ...notes.filter((note) => note !== ''),
    ...leftOut(sides),
  ]
}

/** Prints the accuracy on `testFolder` of a linear classifier that learned from `trainFolder`. */
export async function evalLinear(trainFolder: string, testFolder: string, options: EvalOptions, context: CommandContext): Promise<CommandResult> {
  return withEvalSides([trainFolder, testFolder], options, context, async (sides, runtime) => {
    const { references, queries, dim, classes, skipped, unclassed, what } = sides
    const { products, release } = await openRowProducts(runtime)
    const progress = createProgress('Fitting a linear classifier', 1, context.emit)
    let known = 1
    const onFitted = (_done: number, atMost: number): void => {
      progress.grow(atMost - known)
      known = atMost
      progress.advance(1)
    }
    const result = await linearEvaluation(references, queries, { dim, classes, runtime, products, signal: context.signal, onFitted }).finally(release)
    progress.finish()
    const { confusion, ...rest } = result
    context.terminal.result({ ...what, ...rest, classes, confusion: confusionTable(confusion, classes.length), unclassed, skipped }, linesOf(result, sides))
    return exitCodes.done
  })
}
