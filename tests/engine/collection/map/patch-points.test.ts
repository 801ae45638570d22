import { describe, expect, it } from 'vitest'
import { decodePatches, encodePatches, fitPatchBasis, patchShare, patchVectorDim, patchVectors, pickPatches } from '../../../../src/engine/collection'
import { plainProducts, randomSet } from '../../../helpers/vector-sets'

describe('patches as points', () => {
  it('have the cosines of the kept tokens', async () => {
    const dim = 24
    const [first, second] = [randomSet(40, dim, 1).matrix.map((value) => value + 0.3), randomSet(30, dim, 2).matrix.map((value) => value + 0.3)]
    const fitted = await fitPatchBasis(Float32Array.of(...first, ...second), dim, plainProducts)
    // As few axes as make a difference.
    const basis = { ...fitted, dims: 6, axes: fitted.axes.subarray(0, 6 * dim) }
    const pictures = [await encodePatches(basis, first, plainProducts), await encodePatches(basis, second, plainProducts)]
    const tokens = Float32Array.of(...(await decodePatches(basis, pictures[0]!, plainProducts)), ...(await decodePatches(basis, pictures[1]!, plainProducts)))
    const [vectors, width] = [patchVectors(basis, pictures), patchVectorDim(basis)]
    expect([vectors.length, width]).toEqual([70 * 7, 7])
    const cosines = await plainProducts(vectors, vectors, width)
    const dots = await plainProducts(tokens, tokens, dim)
    const worst = Math.max(...cosines.map((cosine, index) => Math.abs(cosine - dots[index]! / Math.sqrt(dots[Math.floor(index / 70) * 71]! * dots[(index % 70) * 71]!))))
    expect(worst).toBeLessThan(1e-5)
  })

  it('are taken from all pictures alike, as many as there is room for', () => {
    const shares = Array.from({ length: 7 }, (_, picture) => patchShare(picture, 7, 100))
    expect({ sum: shares.reduce((sum, share) => sum + share, 0), kinds: new Set(shares) }).toEqual({ sum: 100, kinds: new Set([14, 15]) })
    expect(Array.from({ length: 5 }, (_, picture) => patchShare(picture, 5, 2))).toEqual([0, 0, 1, 0, 1])
  })

  it('are chosen by chance, the same ones for a seed, and all where there are not more', () => {
    const picked = pickPatches(256, 20, 5, 3)
    expect({ count: new Set(picked).size, rising: picked.toSorted(), within: Math.max(...picked) < 256 }).toEqual({ count: 20, rising: picked, within: true })
    expect(pickPatches(256, 20, 5, 3)).toEqual(picked)
    expect([pickPatches(256, 20, 6, 3), pickPatches(256, 20, 5, 4)].map((other) => other.join() === picked.join())).toEqual([false, false])
    expect([...pickPatches(3, 20, 5, 3)]).toEqual([0, 1, 2])
  })
})
