/** @file What the interface says about something that failed: a code, a sentence, and lists worth expanding. */
import { isEngineError, messageOf } from '../../engine/contract'

export interface Problem {
  readonly code: string
  readonly message: string
  /** Lists from the error's detail, such as missing and unexpected keys. */
  readonly lists: readonly ProblemList[]
}

export interface ProblemList {
  readonly title: string
  readonly items: readonly string[]
}

const isTextList = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string')

/** `unexpectedKeys` → `Unexpected keys`. */
const titleOf = (name: string): string => {
  const words = name.replace(/([A-Z])/g, ' $1').toLowerCase().trim()
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** Anything thrown, as the interface shows it. */
export function problemOf(error: unknown): Problem {
  if (!isEngineError(error)) return { code: 'INTERNAL', message: messageOf(error), lists: [] }
  const lists = Object.entries(error.detail ?? {})
    .filter((entry): entry is [string, readonly string[]] => isTextList(entry[1]))
    .map(([name, items]) => ({ title: titleOf(name), items }))
  return { code: error.code, message: error.message, lists }
}

/** Whether the person or the page asked for the work to stop. */
export function isCancelled(error: unknown): boolean {
  return isEngineError(error, 'CANCELLED')
}
