/** @file `dinoscope probe`: a few pictures of each class, and how well the model tells all others by them. */
import { resolve } from 'node:path'
import { EngineError, type ProbeMethod } from '../../engine/contract'
import { unitVectors } from '../../engine/collection'
import { clsProbeGraph, fitProbe, type Probe, type Probed } from '../../engine/dense'
import { csvNumber, csvText, writeVerified } from '../../engine/export'
import { classFolders, openRowProducts } from '../../engine/inference'
import { encodeModel } from '../../engine/onnx'
import type { Runtime } from '../../engine/runtime'
import type { CommandContext, CommandResult } from '../context'
import { exitCodes } from '../exit-codes'
import { withBackbone, type ModelOptions } from '../models'
import { modelFeatures } from './eval-features'
import { readSide, type Side } from './eval-sides'

export interface ProbeOptions extends ModelOptions {
  readonly method: ProbeMethod
  /** Pictures per class, of each of the two folders. */
  readonly limit?: number
  readonly size?: number | 'native'
  /** A table of the test pictures (.csv), or the head (.onnx). */
  readonly out?: string
}

/** Scores are sums of some hundred products in single precision. */
const tolerance = 1e-3
const percent = (share: number): string => `${(100 * share).toFixed(2)} %`

async function writeTable(path: string, { images }: Side, { labels, confidence }: Probed, classes: readonly string[], signal: AbortSignal): Promise<void> {
  const lines = images.map(({ relativePath }, index) => [csvText(relativePath), csvText(classes[labels[index]!] ?? ''), csvNumber(confidence[index]!)].join())
  await writeVerified(path, async (append) => {
    await append(`filename,label,confidence\n${lines.join('\n')}\n`)
    return undefined
  }, { signal })
}

/** Written, run over the test pictures, compared, and only then given its name. */
async function writeHead(path: string, { linear, accuracy }: Probe, { features, dim }: Side, found: Probed, classes: readonly string[], runtime: Runtime, signal: AbortSignal): Promise<void> {
  if (linear === undefined) throw new EngineError('BAD_REQUEST', 'nearest examples have no weights that an ONNX file could hold; use --method linear')
  const metadata = { classes: JSON.stringify(classes), accuracy: String(accuracy.accuracy ?? 'too few examples to tell'), inputs: `cls float32 [pictures, ${dim}]: the CLS token after the final norm` }
  const check = async (written: string): Promise<void> => {
    const session = await runtime.openFile(written)
    try {
      const count = features.length / dim
      const scores = (await session.run({ cls: { dtype: 'float32', shape: [count, dim], data: features } })).scores!.data as Float32Array
      for (let row = 0; row < count; row++) {
        const own = scores.subarray(row * classes.length, (row + 1) * classes.length)
        const largest = own.reduce((most, score) => Math.max(most, score), -Infinity)
        const share = Math.exp(own[found.labels[row]!]! - largest) / own.reduce((sum, score) => sum + Math.exp(score - largest), 0)
        if (!(Math.abs(share - found.confidence[row]!) <= tolerance)) throw new EngineError('RUNTIME', `${path} is ${share} sure where ${found.confidence[row] ?? NaN} is right`)
      }
    } finally {
      await session.release()
    }
  }
  await writeVerified(path, async (append) => {
    await append(encodeModel({ ...clsProbeGraph(linear, dim), metadata }))
    return undefined
  }, { signal, check })
}

/** @throws EngineError BAD_REQUEST for another kind of file, or classes of the test that were never shown */
export async function probe(trainFolder: string, testFolder: string, options: ProbeOptions, context: CommandContext): Promise<CommandResult> {
  const { method, out, limit = Infinity } = options
  const { signal } = context
  if (out !== undefined && !/\.(?:onnx|csv)$/i.test(out)) throw new EngineError('BAD_REQUEST', `--out ${out}: name a .csv or an .onnx file`)
  return withBackbone(options, context, async (backbone, runtime) => {
    const make = modelFeatures(backbone, options.size ?? 'evaluation', 'cls')
    const [train, test] = [await readSide(trainFolder, limit, make, context), await readSide(testFolder, limit, make, context)]
    const { classes: all, labels } = classFolders([...train.images, ...test.images])
    const shown = labels.slice(0, train.images.length)
    const truth = labels.slice(train.images.length)
    const unknown = all.filter((_, label) => !shown.includes(label))
    if (unknown.length > 0) throw new EngineError('BAD_REQUEST', `${trainFolder} has no pictures of ${unknown.join(', ')}, which ${testFolder} has`, { detail: { classes: unknown } })
    const { products, release } = await openRowProducts(runtime)
    try {
      const examples = { vectors: unitVectors(train.features, train.dim, 'cls'), dim: train.dim, labels: shown, groups: Int32Array.from(shown.keys()), classes: all.length }
      const fitted = await fitProbe(examples, method, { products, signal })
      const found = await fitted.apply(unitVectors(test.features, test.dim, 'cls'), { products, signal })
      const accuracy = truth.reduce((sum, label, index) => sum + Number(label === found.labels[index]), 0) / truth.length
      if (out !== undefined) {
        if (out.toLowerCase().endsWith('.csv')) await writeTable(resolve(out), test, found, all, signal)
        else await writeHead(resolve(out), fitted, test, found, all, runtime, signal)
      }
      const { accuracy: crossValidated, folds } = fitted.accuracy
      const byFolds = crossValidated === undefined ? 'too few examples to tell' : `${percent(crossValidated)} in ${folds} folds`
      context.terminal.result(
        { method, classes: all, examples: shown.length, queries: truth.length, accuracy, crossValidation: fitted.accuracy, skipped: [...train.skipped, ...test.skipped], out },
        [`${percent(accuracy)} of ${truth.length} pictures of ${all.length} classes, by ${shown.length} examples (${method})`, `by cross-validation over the examples: ${byFolds}`, ...(out === undefined ? [] : [resolve(out)])],
      )
      return exitCodes.done
    } finally {
      await release()
    }
  })
}
