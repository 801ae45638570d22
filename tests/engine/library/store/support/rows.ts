/** @file Vectors and files whose content follows from their number, so that what comes back can be told right from wrong. */
import { createHash } from 'node:crypto'
import type { ModelKey, StoredFile, StoredPatches, StoredVectors } from '../../../../../src/engine/library'
import { randomStream } from '../../../../../src/engine/tensor'

export const dim = 16
export const key: ModelKey = { sha256: 'a'.repeat(64), dim, preprocessing: 'crop 224' }

export function hashOf(number: number): string {
  return createHash('sha256').update(`picture ${number}`).digest('hex')
}

function numbers(seed: number): Float32Array {
  const random = randomStream(seed)
  return Float32Array.from({ length: dim }, () => random.uniform() - 0.5)
}

export function vectorsOf(number: number): StoredVectors {
  return { hash: hashOf(number), cls: numbers(2 * number), mean: numbers(2 * number + 1) }
}

export function manyVectors(count: number, first = 0): readonly StoredVectors[] {
  return Array.from({ length: count }, (_, index) => vectorsOf(first + index))
}

export function fileOf(number: number, root = '/pictures'): StoredFile {
  const broken = number % 7 === 3
  return {
    root,
    relativePath: `holiday/${String(number).padStart(6, '0')} – île.jpg`,
    sizeBytes: 1000 + number,
    modifiedMs: 1.7e12 + number + 0.25,
    hash: number % 5 === 0 ? undefined : hashOf(number),
    width: broken ? 0 : 640,
    height: broken ? 0 : 480,
    look: broken ? undefined : hashOf(number).slice(0, 16),
    problemCode: broken ? 'IMG_TRUNCATED' : undefined,
    problemReason: broken ? 'it ends early' : undefined,
  }
}

export const dims = 4

export function patchesOf(number: number): StoredPatches {
  const [gridHeight, gridWidth] = [2, 3 + (number % 2)]
  return { hash: hashOf(number), gridHeight, gridWidth, codes: Int8Array.from({ length: gridHeight * gridWidth * dims }, (_, index) => ((number * 31 + index * 7) % 255) - 127), scale: Math.fround(0.01 * (1 + (number % 3))) }
}
