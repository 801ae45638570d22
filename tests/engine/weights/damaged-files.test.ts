/** Files cut off anywhere and files with random bytes changed: refused with an EngineError or read, never anything else. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isEngineError } from '../../../src/engine/contract'
import { randomStream, type Tensor } from '../../../src/engine/tensor'
import { writeSafetensors } from '../../../src/engine/weights'
import { bytesAsSource } from '../../../src/engine/weights/bytes/byte-source'
import { inferConfig } from '../../../src/engine/weights/layout/infer-config'
import { matchParameters } from '../../../src/engine/weights/layout/match-parameters'
import { officialTensors } from '../../../src/engine/weights/layout/official-tensors'
import { selectState } from '../../../src/engine/weights/layout/select-state'
import { readCheckpoint } from '../../../src/engine/weights/open-checkpoint'
import { fixtures, randomWeights, temporaryFolder, tinyConfig } from './support/files'
import { torchArchive, torchLegacy, torchPickle, torchZip } from './support/torch-writer'

const flipsPerFormat = 2000
const folder = temporaryFolder()
const weights = randomWeights(tinyConfig)

/** Everything an import does short of writing: every tensor of the backbone is read. */
async function readBackbone(bytes: Buffer): Promise<Map<string, Tensor>> {
  const checkpoint = await readCheckpoint(bytesAsSource('damaged.pth', bytes))
  const { state } = selectState('damaged.pth', checkpoint, undefined)
  const official = officialTensors('damaged.pth', state)
  const config = inferConfig('damaged.pth', official.tensors, { origin: 'constructor', heads: 3 })
  const { parameters } = matchParameters('damaged.pth', config, official)
  const tensors = new Map<string, Tensor>()
  for (const { name, source } of parameters) tensors.set(name, await source.read())
  return tensors
}

/** The tensors, or undefined when the file was refused as it should be. */
async function outcome(bytes: Buffer, what: string): Promise<Map<string, Tensor> | undefined> {
  try {
    return await readBackbone(bytes)
  } catch (error) {
    if (isEngineError(error) && error.code !== 'INTERNAL') return undefined
    throw new Error(`${what} was answered by ${String(error)}`, { cause: error })
  }
}

async function safetensorsBytes(): Promise<Buffer> {
  const path = join(folder, 'whole.safetensors')
  await writeSafetensors(path, weights, { format: 'pt' })
  return readFileSync(path)
}

const { main, records } = torchPickle(weights)

interface Format {
  readonly name: string
  whole(): Buffer | Promise<Buffer>
  /** What is damaged: the file, or the pickle in an archive that is then made around it, so that its checksum is right. */
  wrap(damaged: Buffer): Buffer
  /** Whether whatever is read in spite of the damage must be undamaged, thanks to checksums. */
  readonly checked: boolean
}
const formats: readonly Format[] = [
  { name: 'safetensors', whole: safetensorsBytes, wrap: (damaged) => damaged, checked: false },
  { name: 'zip', whole: () => torchZip(weights), wrap: (damaged) => damaged, checked: true },
  { name: 'deflated zip', whole: () => torchZip(weights, { deflate: true }), wrap: (damaged) => damaged, checked: true },
  { name: 'legacy', whole: () => torchLegacy(weights), wrap: (damaged) => damaged, checked: false },
  { name: 'pickle within a sound zip', whole: () => main, wrap: (damaged) => torchArchive(damaged, records), checked: false },
]

describe.each(formats)('$name', ({ name, whole, wrap, checked }) => {
  test('whole is read', async () => {
    expect(await readBackbone(wrap(await whole()))).toEqual(weights)
  })

  test('cut off at every hundredth is refused', async () => {
    const bytes = await whole()
    for (let percent = 0; percent < 100; percent++) {
      const length = Math.floor((bytes.length * percent) / 100)
      expect(await outcome(wrap(bytes.subarray(0, length)), `${name} of ${length} bytes`), `${percent} %`).toBeUndefined()
    }
  })

  test(`with random bytes changed, ${flipsPerFormat} times, is refused or read`, async () => {
    const bytes = await whole()
    const random = randomStream(
      7,
      formats.findIndex((format) => format.name === name),
    )
    const below = (limit: number): number => Math.floor(random.uniform() * limit)
    let refused = 0
    for (let round = 0; round < flipsPerFormat; round++) {
      const damaged = Buffer.from(bytes)
      const changes = Array.from({ length: 1 + below(4) }, () => {
        // Half of the changes go where the structure is rather than the weights: the ends of the file.
        const edge = Math.min(2000, bytes.length)
        const at = [below(bytes.length), below(edge), bytes.length - 1 - below(edge)][below(3)] ?? 0
        damaged[at] = below(256)
        return `${at}=${damaged[at]}`
      })
      const tensors = await outcome(wrap(damaged), `${name} with bytes ${changes.join()}`)
      if (tensors === undefined) refused++
      else if (checked) expect(tensors, changes.join()).toEqual(weights)
    }
    expect(refused).toBeGreaterThan(flipsPerFormat / 10)
  })
})

test('the files that PyTorch wrote, damaged in the same way, are refused or read', async () => {
  const random = randomStream(11)
  for (const file of ['torch-zip.pth', 'torch-legacy.pth']) {
    const bytes = readFileSync(join(fixtures, 'weights', file))
    for (let round = 0; round < 500; round++) {
      const damaged = Buffer.from(bytes)
      const at = Math.floor(random.uniform() * bytes.length)
      damaged[at] = Math.floor(random.uniform() * 256)
      await outcome(damaged, `${file} with byte ${at}=${damaged[at]}`)
    }
  }
})
