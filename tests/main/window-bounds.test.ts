/** @file The window comes back where it was, if that place still exists. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { defaultBounds, fitBounds, readBounds, writeBounds } from '../../src/main/window-bounds'

const laptop = { x: 0, y: 0, width: 1440, height: 900 }
const monitor = { x: 1440, y: -200, width: 2560, height: 1440 }

describe('fitBounds', () => {
  it.each([
    ['stays where it was', { x: 100, y: 50, width: 1000, height: 700, maximized: false }, [laptop], { x: 100, y: 50, width: 1000, height: 700, maximized: false }],
    ['stays on the second display', { x: 2000, y: -100, width: 1000, height: 700, maximized: true }, [laptop, monitor], { x: 2000, y: -100, width: 1000, height: 700, maximized: true }],
    ['comes back when its display is gone', { x: 2000, y: -100, width: 1000, height: 700, maximized: false }, [laptop], { width: 1000, height: 700, maximized: false }],
    ['comes back when its title bar is above the display', { x: 100, y: -400, width: 1000, height: 700, maximized: false }, [laptop], { width: 1000, height: 700, maximized: false }],
    ['shrinks to the display', { x: 0, y: 0, width: 5000, height: 4000, maximized: false }, [laptop], { x: 0, y: 0, width: 1440, height: 900, maximized: false }],
    ['grows to what can be used', { x: 0, y: 0, width: 3, height: 4, maximized: false }, [laptop], { x: 0, y: 0, width: 720, height: 480, maximized: false }],
    ['is placed by the system the first time', defaultBounds, [laptop], { width: 1360, height: 880, maximized: false }],
  ])('%s', (_title, remembered, areas, expected) => {
    expect(fitBounds(remembered, areas)).toEqual(expected)
  })
})

describe('the bounds file', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bounds-'))
  })
  afterEach(async () => {
    await rm(folder, { recursive: true })
  })

  it('gives back what was written', () => {
    const file = join(folder, 'deep', 'window.json')
    const bounds = { x: 1, y: -2, width: 800, height: 600, maximized: true }
    writeBounds(file, bounds)
    expect(readBounds(file)).toEqual(bounds)
  })

  it.each(['', '{', 'null', '[]', '{"width":"wide","height":1,"maximized":false}', '{"width":1.5,"height":1,"maximized":false}', '{"x":null,"y":0,"width":800,"height":600,"maximized":true}'])('falls back on %j', async (text) => {
    const file = join(folder, 'window.json')
    await writeFile(file, text)
    expect(readBounds(file)).toEqual(defaultBounds)
  })

  it('falls back where there is none, and does not mind a folder that cannot be written', () => {
    writeBounds('/dev/null/window.json', defaultBounds)
    expect(readBounds('/dev/null/window.json')).toEqual(defaultBounds)
  })
})
