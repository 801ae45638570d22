/** @file Which place of the atlas holds which picture: what was wanted last stays, the rest makes room. */

export interface AtlasSlots {
  /** Its place, and whether the picture has to be drawn there first; undefined when every place is wanted now. */
  take(key: string): { readonly slot: number; readonly isNew: boolean } | undefined
  /** Begins a new round: what is taken from now on is wanted, everything else may be replaced. */
  nextRound(): void
  /** Its place, while it has one. */
  slotOf(key: string): number | undefined
  /** The picture could not be drawn: its place is free. */
  release(key: string): void
}

/** `size` places, all empty. */
export function createAtlasSlots(size: number): AtlasSlots {
  // Iterates in order of last use.
  const slots = new Map<string, { slot: number; round: number }>()
  const free = Array.from({ length: size }, (_, slot) => size - 1 - slot)
  let round = 0
  const place = (): number | undefined => {
    const empty = free.pop()
    if (empty !== undefined) return empty
    const [oldest] = slots
    if (oldest === undefined || oldest[1].round === round) return undefined
    slots.delete(oldest[0])
    return oldest[1].slot
  }
  return {
    take: (key) => {
      const held = slots.get(key)
      if (held !== undefined) {
        slots.delete(key)
        slots.set(key, { slot: held.slot, round })
        return { slot: held.slot, isNew: false }
      }
      const slot = place()
      if (slot === undefined) return undefined
      slots.set(key, { slot, round })
      return { slot, isNew: true }
    },
    nextRound: () => {
      round += 1
    },
    slotOf: (key) => slots.get(key)?.slot,
    release: (key) => {
      const held = slots.get(key)
      if (held === undefined) return
      slots.delete(key)
      free.push(held.slot)
    },
  }
}
