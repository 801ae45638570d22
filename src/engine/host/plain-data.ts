/** @file The first check on anything a client sends: bounded, plain data, before any schema looks at it. */
import { EngineError } from '../contract'

export interface RequestLimits {
  /** Levels of nesting. */
  readonly depth: number
  /** Values altogether, at any level. */
  readonly values: number
  /** Characters of one string. */
  readonly stringLength: number
  /** Characters of all strings together. */
  readonly characters: number
  /** Bytes of all typed arrays together. */
  readonly bytes: number
}

/** No ordinary request needs more; deeper or larger ones are attacks or mistakes. */
export const requestLimits: RequestLimits = { depth: 8, values: 1000, stringLength: 8192, characters: 2 ** 20, bytes: 4 * 2 ** 20 }

const forbiddenKeys = new Set(['__proto__', 'constructor', 'prototype'])

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

/** Rows of pictures, and the bytes of a dropped one. */
function isTakenArray(value: unknown): value is Uint8Array | Uint32Array {
  return value instanceof Uint8Array || value instanceof Uint32Array
}

function problemOf(value: unknown, limits: RequestLimits): string | undefined {
  switch (typeof value) {
    case 'undefined':
    case 'boolean':
      return undefined
    case 'number':
      return Number.isFinite(value) ? undefined : `is ${String(value)}, expected a finite number`
    case 'string':
      if (value.length > limits.stringLength) return `has ${value.length} characters, at most ${limits.stringLength} are taken`
      return value.includes('\0') ? 'contains a NUL character' : undefined
    case 'object':
      if (value === null || Array.isArray(value) || isTakenArray(value) || isPlainObject(value)) return undefined
      return `is a ${value.constructor.name}, expected plain data`
    case 'bigint':
    case 'symbol':
    case 'function':
      return `is a ${typeof value}, expected plain data`
  }
}

/**
 * Walks `value` without recursion, since depth is the client's choice.
 * @throws EngineError BAD_REQUEST naming the entry and the field
 */
export function checkPlainData(name: string, value: unknown, limits: RequestLimits = requestLimits): void {
  const refuse = (path: string, problem: string): never => {
    throw new EngineError('BAD_REQUEST', `${name}: ${path === '' ? 'the argument' : path} ${problem}`, { detail: { name, field: path } })
  }
  const stack: { readonly path: string; readonly value: unknown; readonly depth: number }[] = [{ path: '', value, depth: 0 }]
  let seen = 0
  let characters = 0
  let bytes = 0
  for (let item = stack.pop(); item !== undefined; item = stack.pop()) {
    if (++seen > limits.values) refuse('', `holds more than ${limits.values} values`)
    const problem = problemOf(item.value, limits)
    if (problem !== undefined) refuse(item.path, problem)
    if (typeof item.value === 'string' && (characters += item.value.length) > limits.characters) refuse('', `holds more than ${limits.characters} characters`)
    if (isTakenArray(item.value)) {
      if ((bytes += item.value.byteLength) > limits.bytes) refuse('', `holds more than ${limits.bytes} bytes of arrays`)
      continue
    }
    if (typeof item.value !== 'object' || item.value === null) continue
    if (item.depth >= limits.depth) refuse(item.path, `is nested more than ${limits.depth} deep`)
    if (Array.isArray(item.value) && item.value.length > limits.values) refuse(item.path, `holds more than ${limits.values} values`)
    for (const [key, child] of Object.entries(item.value)) {
      if (forbiddenKeys.has(key)) refuse(item.path, `has a field named ${key}`)
      stack.push({ path: item.path === '' ? key.slice(0, 64) : `${item.path}.${key.slice(0, 64)}`, value: child, depth: item.depth + 1 })
    }
  }
}
