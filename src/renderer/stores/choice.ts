/** @file Which of many numbered things are chosen: one mask with undo, whatever the things are. */
import { computed, shallowRef } from 'vue'
import {
  chosenRows,
  historyAfter,
  noHistory,
  stepBack,
  stepForward,
  turnOver,
  turnsBetween,
  turnsToMark,
  turnsToSet,
  type SelectionHistory,
  type SelectionMask,
} from './selection-mask'

/** @param length how many things there are by now; more may come */
export function createChoice(length: () => number) {
  /** Counts changes: who reads the mask reads this first. */
  const version = shallowRef(0)
  const count = shallowRef(0)
  const history = shallowRef<SelectionHistory>(noHistory)
  let bytes: SelectionMask = new Uint8Array(0)

  /** The mask over all things there are by now. */
  const grown = (): SelectionMask => {
    const things = length()
    if (things > bytes.length) {
      const larger = new Uint8Array(Math.max(things, bytes.length * 2))
      larger.set(bytes)
      bytes = larger
    }
    return bytes.subarray(0, things)
  }
  const turn = (turns: Uint32Array): void => {
    count.value += turnOver(grown(), turns)
    version.value += 1
  }
  const change = (turns: Uint32Array): void => {
    if (turns.length === 0) return
    turn(turns)
    history.value = historyAfter(history.value, turns)
  }
  const go = (step: ReturnType<typeof stepBack>): void => {
    if (step === undefined) return
    turn(step.turns)
    history.value = step.history
  }
  const has = (thing: number): boolean => bytes[thing] === 1
  /** Chosen things, ascending; a copy. */
  const chosen = (): Uint32Array<ArrayBuffer> => chosenRows(grown(), count.value)

  return {
    version,
    count,
    has,
    chosen,
    /** The mask itself, uint8 [things]: to be read at once and never written. */
    mask: (): Uint8Array => grown(),
    /** `things` and nothing else. */
    set: (things: Iterable<number>): void => {
      change(turnsToSet(grown(), things))
    },
    add: (things: Iterable<number>): void => {
      change(turnsToMark(grown(), things, 1))
    },
    take: (things: Iterable<number>): void => {
      change(turnsToMark(grown(), things, 0))
    },
    toggle: (thing: number): void => {
      change(turnsToMark(grown(), [thing], has(thing) ? 0 : 1))
    },
    clear: (): void => {
      change(chosen())
    },
    invert: (): void => {
      const all = grown()
      change(turnsBetween(all, all.map((byte) => 1 - byte)))
    },
    /** Many small changes that are one when they are taken back: marks (1) and unmarks (0) until it ends. */
    stroke: () => {
      const before = grown().slice()
      return {
        mark: (things: Iterable<number>, as: 0 | 1): void => {
          const turns = turnsToMark(grown(), things, as)
          if (turns.length > 0) turn(turns)
        },
        end: (): void => {
          const turns = turnsBetween(before, grown().subarray(0, before.length))
          if (turns.length > 0) history.value = historyAfter(history.value, turns)
        },
      }
    },
    undo: (): void => {
      go(stepBack(history.value))
    },
    redo: (): void => {
      go(stepForward(history.value))
    },
    canUndo: computed(() => history.value.past.length > 0),
    canRedo: computed(() => history.value.future.length > 0),
    /** Other things: nothing of them is chosen. */
    reset: (): void => {
      bytes = new Uint8Array(0)
      count.value = 0
      history.value = noHistory
      version.value += 1
    },
  }
}
