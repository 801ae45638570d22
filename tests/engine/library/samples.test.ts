import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { LibraryEvent } from '../../../src/engine/contract'
import { newLibraries } from '../../helpers/libraries'

const folder = join(import.meta.dirname, '../../../resources/samples')

describe('the sample photos', () => {
  it('are four to eight, whole, small enough to ship, and each is credited', async () => {
    const events: LibraryEvent[] = []
    const libraries = await newLibraries()
    const { libraryId, images, broken, skipped } = await libraries.open(folder, { signal: new AbortController().signal, emit: (event) => events.push(event) })
    const credits = await readFile(join(folder, 'CREDITS.md'), 'utf8')
    const found = events.flatMap((event) => (event.kind === 'found' ? event.images : []))
    const sizes = events.flatMap((event) => (event.kind === 'checked' ? event.checks : []))
    expect({
      enough: images >= 4 && images <= 8,
      broken,
      skipped,
      small: found.every(({ sizeBytes }) => sizeBytes <= 150_000) && sizes.every(({ width, height }) => Math.max(width, height) <= 1024),
      uncredited: libraries.images(libraryId).map(({ name }) => name).filter((name) => !credits.includes(`\`${name}\``)),
    }).toEqual({ enough: true, broken: 0, skipped: 0, small: true, uncredited: [] })
  })
})
