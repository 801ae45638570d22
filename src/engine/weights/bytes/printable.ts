/** @file Names taken from foreign files, made safe for a message: quoted, escaped and never long. */

const maximumLength = 120

/** `"name"` with control characters escaped, cut where it is long. */
export function printable(name: string): string {
  const text = JSON.stringify(name.length > maximumLength ? `${name.slice(0, maximumLength)}…` : name)
  // JSON leaves direction overrides and other format characters as they are.
  return text.replace(
    /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
