import { describe, expect, it } from 'vitest'
import { looksOf } from '../../../src/engine/collection'
import { eachLookPair, lookDistance, risingGreys } from '../../../src/engine/collection/look-neighbours'
import { randomStream } from '../../../src/engine/tensor'
import { thrownBy } from '../../helpers/thrown'

const { signal } = new AbortController()

/** Random looks, of which every third is the one before with some bits turned. */
function someLooks(count: number, seed: number): bigint[] {
  const random = randomStream(seed)
  const word = (): bigint => BigInt(Math.floor(random.uniform() * 2 ** 32))
  const looks: bigint[] = []
  for (let item = 0; item < count; item++) {
    const turned = Array.from({ length: Math.floor(random.uniform() * 14) }, () => 1n << BigInt(Math.floor(random.uniform() * 64))).reduce((mask, bit) => mask ^ bit, 0n)
    looks.push(item % 3 === 2 ? looks[item - 1]! ^ turned : (word() << 32n) | word())
  }
  return looks
}

const hex = (look: bigint): string => look.toString(16).padStart(16, '0')
const bits = (word: bigint): number => word.toString(2).replaceAll('0', '').length

describe('pairs of looks', () => {
  it.each([0, 3, 4, 7, 10, 13])('within %i bits are those of comparing each with each, each once', async (within) => {
    const looks = someLooks(600, within + 1)
    const expected: string[] = []
    looks.forEach((look, b) => {
      looks.slice(0, b).forEach((other, a) => {
        if (bits(look ^ other) <= within) expected.push(`${a} ${b} ${bits(look ^ other)}`)
      })
    })
    const found: string[] = []
    await eachLookPair(looksOf(looks.map(hex)), Uint32Array.from(looks.keys()), within, signal, (a, b, distance) => found.push(`${a} ${b} ${distance}`) > 0)
    expect(found.length).toBeGreaterThan(0)
    expect(found.sort()).toEqual(expected.sort())
  })

  it('are among the wanted items alone, and end when asked to', async () => {
    const looks = looksOf(['00000000000000ff', '00000000000000fe', '00000000000000ff', undefined])
    const found: number[][] = []
    const pairs = (items: readonly number[], most: number): Promise<void> => eachLookPair(looks, Uint32Array.from(items), 2, signal, (a, b) => found.push([a, b]) < most)
    await pairs([0, 2], 9)
    expect(found.splice(0)).toEqual([[0, 2]])
    await pairs([0, 1, 2], 2)
    expect(found).toHaveLength(2)
  })

  it('stop when cancelled', async () => {
    expect(await thrownBy(() => eachLookPair(looksOf([hex(1n)]), Uint32Array.of(0), 3, AbortSignal.abort(new Error('enough')), () => true))).toEqual(new Error('enough'))
  })
})

describe('looks', () => {
  it('are compared over all 64 bits', () => {
    const looks = looksOf(['0000000000000000', 'ffffffffffffffff', '8000000000000001', undefined])
    expect([lookDistance(looks, 0, 1), lookDistance(looks, 0, 2), lookDistance(looks, 1, 2), risingGreys(looks, 1), risingGreys(looks, 2), [...looks.known]]).toEqual([64, 2, 62, 64, 2, [1, 1, 1, 0]])
  })
})
