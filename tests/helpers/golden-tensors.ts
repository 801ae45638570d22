/** @file Reads the float32 tensors of a trusted safetensors file, for tests below the layer that owns the real reader. */
import { readFileSync } from 'node:fs'

interface Entry {
  readonly dtype: string
  readonly shape: readonly number[]
  readonly data_offsets: readonly [number, number]
}

/** Names and values of every tensor in the file; anything but float32 is refused. */
export function readGoldenTensors(path: string): Map<string, { readonly shape: readonly number[]; readonly data: Float32Array }> {
  const bytes = readFileSync(path)
  const headerEnd = 8 + Number(bytes.readBigUInt64LE(0))
  const header = JSON.parse(bytes.toString('utf8', 8, headerEnd)) as Record<string, Entry>
  const tensors = Object.entries(header).filter(([name]) => name !== '__metadata__')
  return new Map(
    tensors.map(([name, { dtype, shape, data_offsets: [begin, end] }]) => {
      if (dtype !== 'F32') throw new Error(`${path}: ${name} is ${dtype}, not F32`)
      return [name, { shape, data: new Float32Array(Uint8Array.from(bytes.subarray(headerEnd + begin, headerEnd + end)).buffer) }]
    }),
  )
}
