/** @file `dinoscope bench`: runs the named benchmarks in this process, each beside its roofline. */
import { cpus, totalmem } from 'node:os'
import type { ProviderName } from '../src/engine/contract'
import { createRuntime } from '../src/engine/runtime'
import { benchInference } from './inference'
import { benchLibrary } from './library'
import { againstRoofline, type BenchReport, type Measurement } from './report'
import { openRoofline } from './roofline'
import { benchTraining } from './training'
import { benchVectorIndex } from './vector-index'

export type { Benchmark, BenchReport } from './report'

export const benchNames = ['inference', 'training', 'library', 'index'] as const
export type BenchName = (typeof benchNames)[number]
/** What is measured when nothing is named: `index` stores a million vectors and takes many minutes. */
export const usualBenches: readonly BenchName[] = ['inference', 'training', 'library']

/** Pictures of the folder, vectors of the index. */
const usualCounts = { library: 100_000, index: 1_000_000 } as const

export interface BenchOptions {
  readonly provider?: ProviderName
  readonly threads?: number
  /** Folder with the JPEG photos that files-to-vectors reads. */
  readonly samplesFolder: string
  /** Pictures in the library, or vectors in the index, in place of the usual number. */
  readonly count?: number
  /** Told what is being done, in a line. */
  note(line: string): void
}

/** Measures. Every figure is the best of its repetitions, since what disturbs a shared machine only ever slows it. */
export async function runBench(names: readonly BenchName[], options: BenchOptions): Promise<BenchReport> {
  const runtime = await createRuntime({ preferred: options.provider, threads: options.threads })
  const roofline = await openRoofline(runtime)
  try {
    await roofline.measure()
    const measurements: Measurement[] = []
    for (const name of names) {
      switch (name) {
        case 'inference':
          measurements.push(...(await benchInference(runtime, roofline, options.samplesFolder)))
          break
        case 'training':
          measurements.push(...(await benchTraining(runtime, roofline, options.samplesFolder)))
          break
        case 'library':
          measurements.push(...(await benchLibrary(runtime, { count: options.count ?? usualCounts.library, note: options.note })))
          break
        case 'index':
          measurements.push(...(await benchVectorIndex(options.count ?? usualCounts.index, options.note)))
      }
    }
    const gemmGflops = await roofline.measure()
    const [cpu] = cpus()
    return {
      machine: {
        cpu: cpu?.model ?? 'unknown',
        cores: cpus().length,
        memoryGb: Math.round(totalmem() / 2 ** 30),
        node: process.version,
        provider: runtime.provider,
        threads: runtime.threads,
      },
      gemmGflops,
      benchmarks: measurements.map((measurement) => againstRoofline(measurement, gemmGflops)),
    }
  } finally {
    await roofline.release()
    await runtime.dispose()
  }
}
