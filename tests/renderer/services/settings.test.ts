/** @file Stored settings are read field by field: what fits is kept, what does not takes its default. */
import { describe, expect, it } from 'vitest'
import { defaultSettings, parseSettings, withRecentFolder } from '../../../src/renderer/services/settings'

describe('parseSettings', () => {
  it.each([undefined, null, 7, 'text', [], {}])('gives the defaults for %j', (stored) => {
    expect(parseSettings(stored)).toEqual(defaultSettings)
  })

  it('reads back what was written', () => {
    const settings = {
      ...defaultSettings,
      theme: 'light',
      recentFolders: ['/a', '/b'],
      lastFolder: '/a',
      tileSize: 200,
      analysisSize: 'native',
      colourMap: 'viridis',
      opacity: 0.4,
      sortDescending: true,
    } as const
    expect(parseSettings(JSON.parse(JSON.stringify(settings)))).toEqual(settings)
  })

  it('replaces each field of a wrong kind or outside its range and ignores unknown ones', () => {
    const stored = {
      theme: 'pink', recentFolders: [1], lastFolder: 3, sortBy: 'colour', sortDescending: 'yes', groupByFolder: 1, tileSize: 9999, tileFit: '', modelId: {},
      analysisSize: 100_000, colourMap: 'jet', opacity: -1, smooth: null, sharedRange: 0, foregroundOnly: 'no', infoOpen: [], surprise: true,
    }
    expect(parseSettings(stored)).toEqual(defaultSettings)
  })

  it('is not fooled by names that every object has', () => {
    expect(parseSettings(JSON.parse('{"__proto__": {"theme": "light"}, "constructor": 1, "toString": 1}'))).toEqual(defaultSettings)
  })
})

describe('withRecentFolder', () => {
  it('puts the folder in front, once, and keeps eight', () => {
    const many = Array.from({ length: 8 }, (_, index) => `/${index}`)
    expect(withRecentFolder(many, '/3')).toEqual(['/3', '/0', '/1', '/2', '/4', '/5', '/6', '/7'])
    expect(withRecentFolder(many, '/new')).toEqual(['/new', '/0', '/1', '/2', '/3', '/4', '/5', '/6'])
  })
})
