/** @file `dinoscope bench`: runs the benchmarks and prints their report. */
import { join } from 'node:path'
import { benchNames, runBench, usualBenches, type BenchName } from '../../../bench/index'
import type { ProviderName } from '../../engine/contract'
import { findAppFolders } from '../../shell'
import type { CommandContext, CommandResult } from '../context'
import { exitCodes, UsageError } from '../exit-codes'

export interface BenchOptions {
  readonly provider?: ProviderName
  readonly threads?: number
  readonly count?: number
}

function parseNames(names: readonly string[]): readonly BenchName[] {
  if (names.length === 0) return usualBenches
  if (names.includes('all')) return benchNames
  return names.map((name) => {
    const known = benchNames.find((candidate) => candidate === name)
    if (known === undefined) throw new UsageError(`there is no benchmark ${JSON.stringify(name)}; there are ${[...benchNames, 'all'].join(', ')}`)
    return known
  })
}

/** Runs the named benchmarks, or all. */
export async function bench(names: readonly string[], options: BenchOptions, { terminal }: CommandContext): Promise<CommandResult> {
  const chosen = parseNames(names)
  terminal.note(`Measuring ${chosen.join(', ')} …`)
  const report = await runBench(chosen, { ...options, samplesFolder: join(findAppFolders().resources, 'samples'), note: terminal.note })
  terminal.result(report, [
    `${report.machine.cpu}, ${report.machine.cores} cores, ${report.machine.provider}, ${report.machine.threads} threads: ${report.gemmGflops.toFixed(0)} GFLOP/s in matrix products`,
    ...report.benchmarks.map(({ name, value, unit, rooflineRatio, peakRssMb }) => `${name.padEnd(44)} ${value.toFixed(2).padStart(9)} ${unit.padEnd(8)} ${rooflineRatio === undefined ? '' : `${rooflineRatio.toFixed(3)} of the roofline, `}peak ${peakRssMb.toFixed(0)} MB`),
  ])
  return exitCodes.done
}
