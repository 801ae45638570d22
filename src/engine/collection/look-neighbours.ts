/** @file Pairs of pictures that look alike: 64-bit difference hashes that differ in few bits, found without comparing each with each. */
import { inSlices } from './slices'

/** Difference hashes as two halves; `known` is 0 where there is none. All `[count]`. */
export interface Looks {
  readonly high: Uint32Array
  readonly low: Uint32Array
  readonly known: Uint8Array
}

/** Looks from 16 hex digits each. */
export function looksOf(looks: readonly (string | undefined)[]): Looks {
  const high = new Uint32Array(looks.length)
  const low = new Uint32Array(looks.length)
  const known = new Uint8Array(looks.length)
  looks.forEach((look, item) => {
    if (look === undefined) return
    high[item] = parseInt(look.slice(0, 8), 16)
    low[item] = parseInt(look.slice(8), 16)
    known[item] = 1
  })
  return { high, low, known }
}

/** Bits set in a uint32. Source: Warren, "Hacker's Delight", fig. 5-2. */
function bitCount(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555)
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

/** In how many of 64 bits two looks differ. */
export function lookDistance({ high, low }: Looks, a: number, b: number): number {
  return bitCount(high[a]! ^ high[b]!) + bitCount(low[a]! ^ low[b]!)
}

/** How many of 64 neighbouring greys rise. Of plain pictures next to none or all do, whatever they show. */
export function risingGreys({ high, low }: Looks, item: number): number {
  return bitCount(high[item]!) + bitCount(low[item]!)
}

const parts = 4
const partBits = 16
const partSize = 2 ** partBits

/** One 16-bit part of a look, 0 the highest. */
function partOf({ high, low }: Looks, item: number, part: number): number {
  const half = part < 2 ? high[item]! : low[item]!
  return part % 2 === 0 ? half >>> partBits : half & (partSize - 1)
}

/** Items in the order of one part, and where each value of it begins. */
function sortByPart(looks: Looks, items: Uint32Array, part: number): { readonly starts: Uint32Array; readonly sorted: Uint32Array } {
  const starts = new Uint32Array(partSize + 1)
  for (const item of items) starts[partOf(looks, item, part) + 1]!++
  for (let value = 0; value < partSize; value++) starts[value + 1]! += starts[value]!
  const next = starts.slice()
  const sorted = new Uint32Array(items.length)
  for (const item of items) sorted[next[partOf(looks, item, part)]!++] = item
  return { starts, sorted }
}

/** All 16-bit words with at most `most` bits set, fewest first. */
function masksWithin(most: number): Uint32Array {
  const words = Array.from({ length: partSize }, (_, word) => word).filter((word) => bitCount(word) <= most)
  return Uint32Array.from(words.sort((a, b) => bitCount(a) - bitCount(b) || a - b))
}

/**
 * Tells every pair of `items` whose looks differ in at most `within` bits, once, the lower item first. Multi-index hashing:
 * of looks that differ in at most d bits, one of four parts differs in at most ⌊d / 4⌋, and only such are compared.
 * Source: Norouzi, Punjani & Fleet, "Fast search in Hamming space with multi-index hashing" (CVPR 2012).
 * @param items rising
 * @param onPair returns false to end the search
 * @throws the signal's reason
 */
export async function eachLookPair(looks: Looks, items: Uint32Array, within: number, signal: AbortSignal, onPair: (a: number, b: number, distance: number) => boolean): Promise<void> {
  const partWithin = Math.floor(within / parts)
  const masks = masksWithin(partWithin)
  let goesOn = true
  for (let part = 0; part < parts && goesOn; part++) {
    const { starts, sorted } = sortByPart(looks, items, part)
    /** A pair that an earlier part finds has been told. */
    const toldBefore = (a: number, b: number): boolean => {
      for (let earlier = 0; earlier < part; earlier++) if (bitCount(partOf(looks, a, earlier) ^ partOf(looks, b, earlier)) <= partWithin) return true
      return false
    }
    await inSlices(items.length, 512, signal, (from, to) => {
      for (let index = from; index < to && goesOn; index++) {
        const a = items[index]!
        const value = partOf(looks, a, part)
        for (const mask of masks) {
          const bucket = value ^ mask
          for (let at = starts[bucket]!; at < starts[bucket + 1]! && goesOn; at++) {
            const b = sorted[at]!
            if (b <= a) continue
            const distance = lookDistance(looks, a, b)
            if (distance <= within && !toldBefore(a, b)) goesOn = onPair(a, b, distance)
          }
        }
      }
    })
  }
}
