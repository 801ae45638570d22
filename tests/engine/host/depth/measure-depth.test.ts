/** @file Depth of picture after picture: one that fails is named and the rest goes on; a device that is gone ends it soon. */
import { describe, expect, it } from 'vitest'
import sharp from 'sharp'
import { EngineError, type FileProblem, type HeadEvent } from '../../../../src/engine/contract'
import type { EngineState } from '../../../../src/engine/host/engine-state'
import { measureDepth, numbersOf, patchMeans } from '../../../../src/engine/host/depth/measure-depth'
import type { LibraryImage } from '../../../../src/engine/library'

const images = Array.from({ length: 40 }, (_, row) => ({ id: `${row}`, relativePath: `${row}.png`, hash: undefined })) as unknown as readonly LibraryImage[]
const picture = await sharp({ create: { width: 20, height: 20, channels: 3, background: '#456' } }).png().toBuffer()
const config = { patchSize: 112, dim: 8, depth: 2 }
const manifest = { config, preprocessing: { shortEdge: 256, crop: 224, mean: [0, 0, 0], std: [1, 1, 1] } }

/** An engine whose head does with the picture of a row what `fate` says. */
function stateOf(fate: (row: number) => Error | undefined, head: { readonly kind?: string; readonly misfit?: Error } = {}): EngineState {
  let row = -1
  return {
    heads: {
      open: () =>
        Promise.resolve({
          manifest: { kind: head.kind ?? 'depth', name: 'Rooms' },
          requireFit: () => {
            if (head.misfit !== undefined) throw head.misfit
          },
          predict: () => {
            const error = fate(row)
            return error === undefined ? Promise.resolve(new Float32Array(224 * 224).fill(row)) : Promise.reject(error)
          },
        }),
    },
    backbones: { use: (_id: string, work: (backbone: unknown) => Promise<void>) => work({ config, manifest }) },
    libraries: {
      readBytes: (id: string) => {
        row = Number(id)
        return Promise.resolve({ bytes: picture, hash: id.padStart(64, '0') })
      },
    },
  } as unknown as EngineState
}

const lost = (): Error => new EngineError('RUNTIME', 'the device was lost')
async function measure(state: EngineState): Promise<{ readonly done: number[]; readonly told: FileProblem[]; readonly error: unknown; readonly skipped: readonly FileProblem[] }> {
  const done: number[] = []
  const told: FileProblem[] = []
  let skipped: readonly FileProblem[] = []
  const emit = (event: HeadEvent): void => {
    if (event.kind === 'skipped') told.push(event.problem)
  }
  const take = (image: LibraryImage): Promise<void> => {
    done.push(Number(image.id))
    return Promise.resolve()
  }
  let error: unknown
  try {
    skipped = await measureDepth(state, { modelId: 'm', headId: 'h' }, images, { title: 'Measuring', size: 224, take }, { signal: new AbortController().signal, emit })
  } catch (thrown) {
    error = thrown
  }
  return { done, told, error, skipped }
}

describe('measuring depth', () => {
  it('names what the model fails on, and goes on with the rest', async () => {
    const { done, told, error, skipped } = await measure(stateOf((row) => (row % 3 === 0 ? lost() : undefined)))
    expect({ done: done.length, told: told.map(({ relativePath, code, reason }) => [relativePath, code, reason]).slice(0, 2), error, same: told.length === skipped.length }).toEqual({
      done: 26,
      told: [['0.png', 'RUNTIME', 'the device was lost'], ['3.png', 'RUNTIME', 'the device was lost']],
      error: undefined,
      same: true,
    })
  })

  it('ends after a handful of failures one after the other, and says so', async () => {
    const { done, told, error } = await measure(stateOf((row) => (row >= 10 ? lost() : undefined)))
    expect([done.length, told.length]).toEqual([10, 4])
    expect(error).toMatchObject({ code: 'RUNTIME', message: expect.stringMatching(/^5 pictures one after the other .* 14\.png: the device was lost/) as string })
  })

  it('goes on however many files are broken', async () => {
    const { done, told, error } = await measure(stateOf((row) => (row >= 10 ? new EngineError('IMG_CORRUPT', 'not a picture') : undefined)))
    expect([done.length, told.length, error]).toEqual([10, 30, undefined])
  })

  it('ends at once when the disk is full, or the head is of another model or kind', async () => {
    expect(await measure(stateOf((row) => (row === 3 ? new EngineError('DISK', 'full') : undefined)))).toMatchObject({ done: [0, 1, 2], told: [], error: { code: 'DISK' } })
    expect(await measure(stateOf(() => undefined, { misfit: new EngineError('BAD_REQUEST', 'other tokens') }))).toMatchObject({ done: [], told: [], error: { message: 'other tokens' } })
    expect(await measure(stateOf(() => undefined, { kind: 'classes' }))).toMatchObject({ done: [], told: [], error: { code: 'BAD_REQUEST' } })
  })
})

it('takes the median and what lies between the extreme twentieths', () => {
  expect(numbersOf(Float32Array.from({ length: 101 }, (_, at) => 100 - at))).toEqual([50, 5, 95])
})

it('means each patch over its own pixels', () => {
  const [height, width, edge] = [6, 9, 3]
  const metres = Float32Array.from({ length: height * width }, (_, pixel) => (pixel * 7) % 11)
  const naive = Array.from({ length: 6 }, (_, patch) => {
    const [top, left] = [edge * Math.floor(patch / 3), edge * (patch % 3)]
    let sum = 0
    for (let y = top; y < top + edge; y++) for (let x = left; x < left + edge; x++) sum += metres[y * width + x]!
    return Math.fround(sum / 9)
  })
  expect([...patchMeans({ height, width, metres }, edge)]).toEqual(naive)
})
