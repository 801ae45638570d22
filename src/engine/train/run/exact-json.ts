/** @file JSON that gives every number back exactly, and that is refused where JSON would quietly change a value. */
import { EngineError } from '../../contract'

/** A number as JSON; one that JSON cannot hold becomes the text `"NaN"`, `"Infinity"` or `"-Infinity"`. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return `"${value}"`
  // Otherwise the sign would be lost.
  return Object.is(value, -0) ? '-0' : String(value)
}

/** The inverse of {@link numberText} behind JSON.parse; undefined for what it never wrote. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  return value === 'NaN' || value === 'Infinity' || value === '-Infinity' ? Number(value) : undefined
}

const plainPrototypes = new Set<unknown>([Object.prototype, null])

/**
 * The JSON of plain data, from which JSON.parse makes equal data. Keys whose value is undefined are left out.
 * @param name what the value is called in messages
 * @throws EngineError INTERNAL for numbers that are not finite, typed arrays and whatever else would come back changed
 */
export function exactJson(value: unknown, name: string): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number' && Number.isFinite(value)) return numberText(value)
  if (Array.isArray(value)) return `[${value.map((item: unknown, index) => exactJson(item, `${name}[${index}]`)).join(',')}]`
  if (typeof value === 'object' && plainPrototypes.has(Object.getPrototypeOf(value))) {
    const pairs = Object.entries(value).filter(([, item]) => item !== undefined)
    return `{${pairs.map(([key, item]) => `${JSON.stringify(key)}:${exactJson(item, `${name}.${key}`)}`).join(',')}}`
  }
  const found = typeof value === 'object' ? `a ${value.constructor.name}` : typeof value === 'number' ? String(value) : `of type ${typeof value}`
  throw new EngineError('INTERNAL', `${name} is ${found}, which JSON cannot hold exactly`)
}
