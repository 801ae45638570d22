/** @file Lists of pictures as files: names line by line, or a table. */
import { extname } from 'node:path'
import { csvText } from '../engine/export'
import { saveFile } from '../engine/files'
import { UsageError } from './exit-codes'

/** A name on a line of its own: what would end the line is escaped, as a backslash in a name is already. */
function lineOf(relativePath: string): string {
  return relativePath.replaceAll('\n', '\\n').replaceAll('\r', '\\r')
}

/** @throws UsageError for another ending than those that are written */
export function requireListName(path: string, endings: readonly string[]): void {
  const ending = extname(path).toLowerCase()
  if (!endings.includes(ending)) throw new UsageError(`--out must end in ${endings.join(' or ')}, not ${JSON.stringify(ending)}`)
}

/** Names alone, one per line. @throws EngineError DISK */
export async function writeNames(path: string, relativePaths: readonly string[]): Promise<void> {
  await saveFile(path, relativePaths.map((name) => `${lineOf(name)}\n`).join(''))
}

/** A table that is safe to open in a spreadsheet; text cells that could be formulas are made harmless. @throws EngineError DISK */
export async function writeTable(path: string, header: readonly string[], rows: readonly (readonly (string | number)[])[]): Promise<void> {
  const cell = (value: string | number): string => (typeof value === 'number' ? String(value) : csvText(value))
  await saveFile(path, [header, ...rows].map((row) => `${row.map(cell).join(',')}\n`).join(''))
}
