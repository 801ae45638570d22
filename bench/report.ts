/** @file What every benchmark reports, and how it is printed. */

export interface Benchmark {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** Arithmetic done over what the GEMM rate measured in the same process allows; absent where there is no such limit. */
  readonly rooflineRatio?: number
  readonly peakRssMb: number
}

/** A rate as it was measured, before it is held against the roofline. */
export interface Measurement extends Omit<Benchmark, 'rooflineRatio'> {
  /** Arithmetic in one unit of `value`, GFLOP; absent where arithmetic is not what limits it. */
  readonly gigaflopsPerUnit?: number
}

/** Holds a measured rate against the roofline. */
export function againstRoofline({ gigaflopsPerUnit, ...measurement }: Measurement, gemmGflops: number): Benchmark {
  return gigaflopsPerUnit === undefined ? measurement : { ...measurement, rooflineRatio: (measurement.value * gigaflopsPerUnit) / gemmGflops }
}

export interface BenchReport {
  readonly machine: { readonly cpu: string; readonly cores: number; readonly memoryGb: number; readonly node: string; readonly provider: string; readonly threads: number }
  /** Rate of float32 products, best of several taken before, between and after the benchmarks. */
  readonly gemmGflops: number
  readonly benchmarks: readonly Benchmark[]
}

/** The process's largest resident set so far, MiB. */
export function peakRssMb(): number {
  return Math.round(process.resourceUsage().maxRSS / 1024)
}

/** The value below which a share of `values` lies; of the values themselves. */
export function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))] ?? NaN
}
