/** @file Which execution provider to use: each candidate is tried on a real graph, compared with the CPU, and timed. */
import { messageOf, type ProviderName, type ProviderReport } from '../contract'
import { buildModel, input, type BuiltModel, type Value } from '../graph'
import { attention, cast, gelu, matMul, reshape, type AttentionForm } from '../ops'
import { randomStream, type Tensor } from '../tensor'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { openSession } from './session'

/** Providers that onnxruntime-node carries on each platform, fastest first. */
export function providerCandidates(platform: NodeJS.Platform): ProviderName[] {
  switch (platform) {
    case 'win32':
      return ['dml', 'webgpu', 'cpu']
    case 'darwin':
      return ['webgpu', 'coreml', 'cpu']
    case 'linux':
      return ['cuda', 'webgpu', 'cpu']
    default:
      return ['cpu']
  }
}

/** The CUDA provider is not in the npm package. Looking first keeps the runtime from printing an error of its own. */
function missingCudaLibrary(): string | undefined {
  const packageFolder = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'))
  const library = join(packageFolder, 'bin', 'napi-v6', 'linux', process.arch, 'libonnxruntime_providers_cuda.so')
  return existsSync(library) ? undefined : 'the CUDA libraries of ONNX Runtime are not installed (they are a separate, optional download)'
}

const size = 512
const heads = 8
/** Largest difference from the CPU, relative to the largest value of each output. */
const tolerance = 1e-2

/** A little of everything a ViT needs: a product, GELU, and attention in both forms, scaled as a ViT scales it. */
function probeModel(): BuiltModel {
  const x = input('x', 'float32', [size, size])
  const y = gelu(matMul(x, x))
  const tokens = reshape(y, [1, size, size])
  const attended = (form: AttentionForm): Value => attention(form, tokens, tokens, tokens, heads, (size / heads) ** -0.5)
  return buildModel('probe', { y, composed: attended('composed'), fused: attended('fused') }, () => new Uint8Array())
}

/** Scaled so that the product has values of order one. */
function probeInput(): Tensor<'float32'> {
  const random = randomStream(1)
  return { dtype: 'float32', shape: [size, size], data: Float32Array.from({ length: size * size }, () => size ** -0.25 * random.normal()) }
}

interface ProbeResult {
  readonly outputs: Readonly<Record<string, Tensor>>
  readonly milliseconds: number
}

/** A product of the probe's input with itself, from values rounded to half precision or not. */
function productModel(isHalf: boolean): BuiltModel {
  const x = input('x', 'float32', [size, size])
  const factor = isHalf ? cast(x, 'float16') : x
  return buildModel('product', { product: cast(matMul(factor, factor), 'float32') }, () => new Uint8Array())
}

/** Whether a provider's own kernels multiply in half precision, and come near enough to the CPU's single precision. */
async function multipliesInHalf(provider: ProviderName, threads: number): Promise<boolean> {
  // The CPU has no such kernels; the runtime would convert back and forth.
  if (provider === 'cpu') return false
  const product = async (on: ProviderName, isHalf: boolean): Promise<Readonly<Record<string, Tensor>>> => {
    const session = await openSession(productModel(isHalf), { provider: on, threads })
    try {
      return await session.run({ x: probeInput() })
    } finally {
      await session.release()
    }
  }
  try {
    return relativeDifference(await product('cpu', false), await product(provider, true)) <= tolerance
  } catch {
    // WebGPU without the feature shader-f16 refuses at the first cast.
    return false
  }
}

async function probe(provider: ProviderName, threads: number): Promise<ProbeResult> {
  const session = await openSession(probeModel(), { provider, threads })
  try {
    const feeds = { x: probeInput() }
    const outputs = await session.run(feeds)
    let milliseconds = Infinity
    for (let run = 0; run < 3; run++) {
      const start = performance.now()
      await session.run(feeds)
      milliseconds = Math.min(milliseconds, performance.now() - start)
    }
    return { outputs, milliseconds }
  } finally {
    await session.release()
  }
}

/**
 * How far `other` is from `reference`: for each output the largest absolute difference over the largest absolute value of
 * the reference, and of those the worst. Infinity for a missing output or a value that is no number.
 */
export function relativeDifference(reference: Readonly<Record<string, Tensor>>, other: Readonly<Record<string, Tensor>>): number {
  return Math.max(
    ...Object.entries(reference).map(([name, { data }]) => {
      const compared = other[name]?.data
      if (compared?.length !== data.length) return Infinity
      let difference = 0
      let largest = Number.MIN_VALUE
      for (let index = 0; index < data.length; index++) {
        const distance = Math.abs(Number(data[index]) - Number(compared[index]))
        if (Number.isNaN(distance)) return Infinity
        difference = Math.max(difference, distance)
        largest = Math.max(largest, Math.abs(Number(data[index])))
      }
      return difference / largest
    }),
  )
}

export interface ProviderChoice {
  readonly provider: ProviderName
  /** Fused where the provider's kernel agrees with the CPU. */
  readonly attention: AttentionForm
  /** Whether products in half precision are to be had. */
  readonly float16: boolean
  readonly reports: readonly ProviderReport[]
}

/**
 * Tries every candidate and takes the fastest that agrees with the CPU, or `preferred` where it works. A candidate
 * that fails keeps its reason. A software adapter works too, but is slower than the CPU and so is not taken.
 */
export async function chooseProvider(threads: number, preferred: ProviderName | undefined): Promise<ProviderChoice> {
  const cpu = await probe('cpu', threads)
  const working: { name: ProviderName; milliseconds: number; attention: AttentionForm }[] = []
  const reports: ProviderReport[] = []
  for (const name of providerCandidates(process.platform)) {
    if (preferred === 'cpu' && name !== 'cpu') {
      reports.push({ name, ok: false, reason: 'not tried: the CPU was asked for' })
      continue
    }
    const missing = name === 'cuda' ? missingCudaLibrary() : undefined
    if (missing !== undefined) {
      reports.push({ name, ok: false, reason: missing })
      continue
    }
    try {
      const result = name === 'cpu' ? cpu : await probe(name, threads)
      const { fused: _fused, ...plain } = cpu.outputs
      const difference = relativeDifference(plain, result.outputs)
      if (difference > tolerance) {
        reports.push({ name, ok: false, reason: `its results differ from the CPU's by ${(100 * difference).toPrecision(2)} %` })
        continue
      }
      const form: AttentionForm = relativeDifference(cpu.outputs, result.outputs) <= tolerance ? 'fused' : 'composed'
      working.push({ name, milliseconds: result.milliseconds, attention: form })
      const speed = name === 'cpu' ? `${threads} threads` : `${(cpu.milliseconds / result.milliseconds).toFixed(1)} × the CPU's speed on a small product`
      reports.push({ name, ok: true, reason: form === 'fused' ? speed : `${speed}; its fused attention kernel gives wrong numbers and is not used` })
    } catch (error) {
      reports.push({ name, ok: false, reason: reasonOf(error) })
    }
  }
  const [fastest] = [...working].sort((a, b) => a.milliseconds - b.milliseconds)
  const chosen = working.find(({ name }) => name === preferred) ?? fastest
  const provider = chosen?.name ?? 'cpu'
  return { provider, attention: chosen?.attention ?? 'fused', float16: await multipliesInHalf(provider, threads), reports }
}

/** The last clause of the runtime's first line: what precedes it are its own source paths and conditions. */
function reasonOf(error: unknown): string {
  const [line = ''] = messageOf(error).split('\n')
  return /(?:Failed to|Unable to|Could not|cannot) .*$/.exec(line)?.[0] ?? line
}
