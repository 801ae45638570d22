/** @file What is wrong with a value, in plain words. */
import type { z } from 'zod'

const kinds: Readonly<Record<string, string>> = {
  number: 'a number',
  int: 'a whole number',
  string: 'text',
  boolean: 'true or false',
  object: 'a group of keys',
  tuple: 'two numbers, as in [0.4, 1]',
  array: 'a list',
}

/** `must be at least 1, not 0`: one issue of zod about `value`. */
export function explainIssue(issue: z.core.$ZodIssue, value: unknown): string {
  return `${requirementOf(issue)}, not ${show(value)}`
}

function requirementOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${kinds[issue.expected] ?? issue.expected}`
    case 'too_small':
      return issue.origin === 'array' ? 'must have two numbers' : `must be ${issue.inclusive === false ? 'above' : 'at least'} ${issue.minimum}`
    case 'too_big':
      return issue.origin === 'array' ? 'must have two numbers' : `must be ${issue.inclusive === false ? 'below' : 'at most'} ${issue.maximum}`
    case 'invalid_value':
      return issue.values.length === 1 ? `must be ${String(issue.values[0])}` : `must be one of ${issue.values.map(String).join(', ')}`
    case 'invalid_union': {
      if (issue.message.startsWith('must ')) return issue.message
      const branches = issue.errors.flatMap(([first]) => (first === undefined ? [] : [requirementOf(first)]))
      return branches.map((branch, index) => (index === 0 ? branch : branch.replace(/^must (be )?/, ''))).join(' or ')
    }
    default:
      return issue.message
  }
}

/** A value as a message shows it: short, words in quotes. */
export function show(value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}
