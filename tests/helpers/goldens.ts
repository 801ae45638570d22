/** @file Finding golden cases by folder, so that a new folder is a new case. */
import { readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** The folder of all goldens: `DINOSCOPE_GOLDENS`, or the copies beside the tests. */
export const goldensFolder = resolve(process.env['DINOSCOPE_GOLDENS'] ?? join(import.meta.dirname, '..', 'fixtures', 'goldens'))

export interface GoldenCase {
  readonly name: string
  readonly folder: string
}

/**
 * Every case folder of one kind.
 * @throws when there is none: a golden test that runs nothing must not pass
 */
export function goldenCases(kind: string): readonly GoldenCase[] {
  const parent = join(goldensFolder, kind)
  const cases = readdirSync(parent)
    .map((name) => ({ name, folder: join(parent, name) }))
    .filter(({ folder }) => statSync(folder).isDirectory())
  if (cases.length === 0) throw new Error(`no golden cases in ${parent}`)
  return cases
}
