/** @file Colours of patch tokens: along the directions that plain PCA finds, the same for exact and compact tokens. */
import { describe, expect, it } from 'vitest'
import { encodePatches, fitPatchBasis, patchVectors } from '../../../../src/engine/collection'
import { colourTokens, colourVectors, fitColours } from '../../../../src/engine/dense'
import { normaliseRows, principalComponents } from '../../../../src/engine/inference'
import { plainProducts, randomSet } from '../../../helpers/vector-sets'

const options = { products: plainProducts, signal: new AbortController().signal, emit: () => undefined }
const [count, dim] = [400, 24]

/** Tokens with four strong directions beside a mean, float32 [count, dim]. */
function tokensLike(seed: number): Float32Array {
  const noise = randomSet(count, dim, seed).matrix
  return noise.map((value, index) => value * (index % dim < 4 ? 6 / (1 + (index % dim)) : 0.4) + 0.8 * Math.cos(index % dim))
}

async function fitted() {
  const tokens = tokensLike(1)
  const basis = await fitPatchBasis(normaliseRows(tokens, dim), dim, plainProducts)
  const vectors = patchVectors(basis, [await encodePatches(basis, tokens, plainProducts)])
  const set = { dim: basis.dims + 1, rows: Uint32Array.from({ length: count }, (_, row) => row), matrix: vectors }
  return { tokens, basis, vectors, colours: await fitColours(basis, set, options) }
}

describe('colours of patch tokens', () => {
  it('lie along the three principal components of unit tokens', async () => {
    const { tokens, colours } = await fitted()
    const plain = principalComponents({ data: normaliseRows(tokens, dim), dim, rows: Array.from({ length: count }, (_, row) => row) }, 3)
    const cosines = plain.axes.map((axis, channel) => axis.reduce((sum, value, column) => sum + value * colours.axes[channel * dim + column]!, 0))
    expect(cosines.every((cosine) => cosine > 0.999)).toBe(true)
    expect(colours.explained.map((share, channel) => Math.abs(share - plain.explained[channel]!) < 0.01)).toEqual([true, true, true])
  })

  it('are the same for exact tokens and for what is kept of them, to the coding', async () => {
    const { tokens, basis, vectors, colours } = await fitted()
    const [exact, compact] = [await colourTokens(colours, tokens, plainProducts), await colourVectors(colours, basis, vectors, plainProducts)]
    const differences = exact.map((value, index) => Math.abs(value - compact[index]!)).sort()
    expect({ length: compact.length, most: differences[Math.floor(0.99 * differences.length)]! <= 4, used: new Set(exact).size > 200 }).toEqual({ length: 3 * count, most: true, used: true })
  })

  it('do not depend on the length of a token', async () => {
    const { tokens, colours } = await fitted()
    expect(await colourTokens(colours, tokens.map((value) => 7 * value), plainProducts)).toEqual(await colourTokens(colours, tokens, plainProducts))
  })
})
