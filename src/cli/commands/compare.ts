/** @file `dinoscope compare`: how alike two models see the pictures of a folder, and which pictures they put elsewhere. */
import { resolve } from 'node:path'
import type { ModelComparison, Pooling } from '../../engine/contract'
import type { CommandContext, CommandResult } from '../context'
import { exitCodes } from '../exit-codes'
import { withEngineFolder, type EngineFolder } from '../in-engine'
import { chooseModel, type ModelOptions } from '../models'
import { prepareOutputFile } from '../output'
import { requireListName, writeTable } from '../picture-list'

export interface CompareOptions extends ModelOptions {
  readonly with: string
  readonly k: number
  readonly pool: Pooling
  readonly out?: string
}

interface ChangedPicture {
  readonly filename: string
  readonly overlap: number
  readonly gap: number
}

/** Pictures that are printed. */
const printed = 5
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`

function changedPictures({ rows, changed, overlaps, gaps }: ModelComparison, images: EngineFolder['images']): readonly ChangedPicture[] {
  const placeOf = new Map(Array.from(rows, (row, place) => [row, place]))
  return Array.from(changed, (row) => {
    const place = placeOf.get(row)!
    return { filename: images[row]!.relativePath, overlap: overlaps[place]!, gap: gaps[place]! }
  })
}

function verdict({ identical, maxAbsDiff }: ModelComparison): string {
  if (identical !== undefined) return `The same model: ${identical.sameWeights ? 'the same weights, and ' : ''}vectors that differ by at most ${identical.maxAbsDiff.toExponential(1)}`
  return maxAbsDiff === undefined ? 'Different models, with vectors of different lengths' : `Different models: vectors differ by up to ${maxAbsDiff.toPrecision(3)}`
}

function linesOf(comparison: ModelComparison, names: readonly [string, string], changed: readonly ChangedPicture[]): readonly string[] {
  const { rows, of, k, cka, ckaByChance, overlap, overlapByChance, accuracy, skipped } = comparison
  const [a, b] = names
  return [
    `${a} | ${b}`,
    verdict(comparison),
    cka === undefined ? 'linear CKA: none, since one model gives every picture the same vector' : `linear CKA: ${cka.toFixed(3)} (by chance ${(ckaByChance ?? 0).toFixed(3)}; 1 is the same layout)`,
    `neighbours kept: ${percent(overlap)} of the ${k} nearest (by chance ${percent(overlapByChance)})`,
    ...(accuracy === undefined ? [] : [`k-NN accuracy, k = ${accuracy.k}: ${percent(accuracy.a)} | ${percent(accuracy.b)} (${accuracy.pictures} pictures in ${accuracy.classes} classes; the largest class alone ${percent(accuracy.largestClass)})`]),
    ...(overlap === 1 ? [] : ['changed most:', ...changed.slice(0, printed).map((one) => `  ${percent(one.overlap).padStart(7)}  ${one.filename}`)]),
    `${rows.length} pictures${of > rows.length ? ` chosen from ${of}` : ''}${skipped.length === 0 ? '' : `, ${skipped.length} left out`}`,
  ]
}

/** Embeds a folder with both models and prints how alike they are. */
export async function compare(folder: string, options: CompareOptions, context: CommandContext): Promise<CommandResult> {
  const { k, pool: pooling } = options
  const out = options.out === undefined ? undefined : resolve(options.out)
  if (out !== undefined) {
    requireListName(out, ['.csv'])
    await prepareOutputFile(out)
  }
  const other = await chooseModel({ ...options, model: options.with }, context)
  return withEngineFolder(folder, options, context, async ({ client, libraryId, modelId, images, use, wait, tell }) => {
    const modelB = await use(other)
    const comparison = await wait(client['compare.models']({ libraryId, rows: undefined, modelA: modelId, modelB, pooling, k }, tell))
    const models = await client['models.list'](undefined)
    const named = (id: string) => ({ id, name: models.find((model) => model.id === id)?.name ?? id })
    const [a, b] = [named(modelId), named(modelB)]
    const changed = changedPictures(comparison, images)
    if (out !== undefined) await writeTable(out, ['filename', 'overlap', 'gap'], changed.map(({ filename, overlap, gap }) => [filename, overlap, gap]))
    const { cka, ckaByChance, overlap, overlapByChance, accuracy, maxAbsDiff, identical, of, rows, skipped } = comparison
    context.terminal.result(
      { folder, a, b, pooling, k: comparison.k, pictures: rows.length, of, cka, ckaByChance, overlap, overlapByChance, accuracy, maxAbsDiff, identical, changed: changed.slice(0, 100), file: out, skipped },
      linesOf(comparison, [a.name, b.name], changed),
    )
    return exitCodes.done
  })
}
