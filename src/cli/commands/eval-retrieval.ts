/** @file `dinoscope eval retrieval`: how early pictures of the same class come when all are ranked by similarity to one. */
import { openRowProducts, retrieval, type RetrievalResult } from '../../engine/inference'
import { createProgress } from '../../engine/progress'
import type { CommandContext, CommandResult } from '../context'
import { exitCodes } from '../exit-codes'
import { extremes, leftOut, percent, withError, withEvalSides, type EvalOptions, type EvalSides } from './eval-sides'

function linesOf({ references, queries, withoutRelevant, overlap, precision, precisionError, trapezoid, precisionAtR, recall, perClass }: RetrievalResult, sides: EvalSides, isOneFolder: boolean): string[] {
  const notes = [
    !isOneFolder && overlap > 0 ? `${overlap} pictures are in both folders; none was compared with itself` : '',
    withoutRelevant > 0 ? `${withoutRelevant} pictures have no other of their class and were not asked for` : '',
  ]
  return [
    `mAP: ${withError(precision, precisionError)} (${queries} queries, ${isOneFolder ? 'each among all the others' : `each among ${references} pictures`})`,
    `by trapezoids, as for the revisited Oxford and Paris: ${percent(trapezoid)}`,
    `mAP@R: ${percent(precisionAtR)}`,
    `recall: ${recall.map(({ k, share }) => `@${k} ${percent(share)}`).join(', ')}`,
    `${sides.classes.length} classes`,
    ...extremes(perClass.filter((one) => one.queries > 0).map((one) => ({ name: one.name, share: one.precision }))),
    ...notes.filter((note) => note !== ''),
    ...leftOut(sides),
  ]
}

/** Prints the mean average precision of `queryFolder` in `folder`; without one, of each picture of `folder` among the others. */
export async function evalRetrieval(folder: string, queryFolder: string | undefined, options: EvalOptions, context: CommandContext): Promise<CommandResult> {
  return withEvalSides(queryFolder === undefined ? [folder] : [folder, queryFolder], options, context, async (sides, runtime) => {
    const { references, queries, dim, classes, skipped, unclassed, what } = sides
    const { products, release } = await openRowProducts(runtime)
    const progress = createProgress('Ranking pictures', queries.labels.length, context.emit)
    let told = 0
    const onQueries = (done: number): void => {
      progress.advance(done - told)
      told = done
    }
    const result = await retrieval(references, queries, { dim, classes, products, signal: context.signal, onQueries }).finally(release)
    progress.finish()
    const { perClass, ...rest } = result
    const named = perClass.map(({ name, queries: asked, precision }) => ({ name, queries: asked, precision: asked === 0 ? undefined : precision }))
    context.terminal.result({ ...what, ...rest, classes, perClass: named, unclassed, skipped }, linesOf(result, sides, queryFolder === undefined))
    return exitCodes.done
  })
}
