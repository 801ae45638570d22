/** @file What the page remembers between visits: read leniently, written whole, behind one small door. */
import type { AnalysisSize, Pooling, SearchMethod } from '../../engine/contract'
import { colourMapNames, type ColourMapName } from '../../engine/display'

export const themes = ['system', 'dark', 'light'] as const
export type Theme = (typeof themes)[number]
export const sortKeys = ['name', 'date', 'size', 'depth'] as const
export type SortKey = (typeof sortKeys)[number]
export const tileFits = ['cover', 'contain'] as const
export type TileFit = (typeof tileFits)[number]

export interface Settings {
  readonly theme: Theme
  readonly recentFolders: readonly string[]
  /** Opened again at the next start; undefined when the last visit ended without a folder. */
  readonly lastFolder: string | undefined
  readonly sortBy: SortKey
  readonly sortDescending: boolean
  /** By whose depth, where the grid is in the order of depth. */
  readonly sortHead: string | undefined
  readonly groupByFolder: boolean
  /** Edge of a tile in CSS pixels. */
  readonly tileSize: number
  readonly tileFit: TileFit
  readonly modelId: string | undefined
  readonly analysisSize: AnalysisSize
  readonly colourMap: ColourMapName
  readonly opacity: number
  readonly smooth: boolean
  /** One colour range for all heads instead of one each. */
  readonly sharedRange: boolean
  readonly foregroundOnly: boolean
  readonly infoOpen: boolean
  /** How much of what came before stays in a smoothed curve, 0..0.99. */
  readonly curveSmoothing: number
  readonly logCurves: boolean
  /** The panel of folders, selections and tags beside the grid. */
  readonly sidebarOpen: boolean
  /** Which vectors pictures are compared by. */
  readonly searchPooling: Pooling
  readonly searchMethod: SearchMethod
  /** Whether embedding keeps patch tokens too. */
  readonly keepPatches: boolean
  /** Address that stands for the servers of official models; empty for the servers themselves. */
  readonly mirror: string
}

export const tileSizeRange = { min: 88, max: 320 } as const
export const poolings = ['cls', 'mean', 'cls+mean'] as const satisfies readonly Pooling[]
export const searchMethods = ['auto', 'exact', 'index'] as const satisfies readonly SearchMethod[]
export const analysisSizes = [224, 448, 518, 'native', 'evaluation'] as const satisfies readonly AnalysisSize[]
const storageKey = 'dinoscope.settings'
const recentFolderCount = 8

export const defaultSettings: Settings = {
  theme: 'system',
  recentFolders: [],
  lastFolder: undefined,
  sortBy: 'name',
  sortDescending: false,
  sortHead: undefined,
  groupByFolder: false,
  tileSize: 168,
  tileFit: 'cover',
  modelId: undefined,
  analysisSize: 448,
  colourMap: 'inferno',
  opacity: 0.75,
  smooth: true,
  sharedRange: false,
  foregroundOnly: true,
  infoOpen: true,
  curveSmoothing: 0.6,
  logCurves: false,
  sidebarOpen: true,
  searchPooling: 'cls',
  searchMethod: 'auto',
  keepPatches: true,
  mirror: '',
}

type Check<T> = (value: unknown) => value is T
const isBoolean: Check<boolean> = (value) => typeof value === 'boolean'
const isText = (value: unknown): value is string => typeof value === 'string'
const isOptionalText: Check<string | undefined> = (value) => value === undefined || isText(value)
const isTextList: Check<readonly string[]> = (value) => Array.isArray(value) && value.every(isText)
const isOneOf =
  <T>(options: readonly T[]): Check<T> =>
  (value): value is T =>
    options.some((option) => option === value)
const isBetween =
  (min: number, max: number): Check<number> =>
  (value): value is number =>
    typeof value === 'number' && value >= min && value <= max

const checks: { readonly [K in keyof Settings]: Check<Settings[K]> } = {
  theme: isOneOf(themes),
  recentFolders: isTextList,
  lastFolder: isOptionalText,
  sortBy: isOneOf(sortKeys),
  sortDescending: isBoolean,
  sortHead: isOptionalText,
  groupByFolder: isBoolean,
  tileSize: isBetween(tileSizeRange.min, tileSizeRange.max),
  tileFit: isOneOf(tileFits),
  modelId: isOptionalText,
  analysisSize: isOneOf<AnalysisSize>(analysisSizes),
  colourMap: isOneOf(colourMapNames),
  opacity: isBetween(0, 1),
  smooth: isBoolean,
  sharedRange: isBoolean,
  foregroundOnly: isBoolean,
  infoOpen: isBoolean,
  curveSmoothing: isBetween(0, 0.99),
  logCurves: isBoolean,
  sidebarOpen: isBoolean,
  searchPooling: isOneOf(poolings),
  searchMethod: isOneOf(searchMethods),
  keepPatches: isBoolean,
  mirror: isText,
}

/** Settings from whatever was stored: each field that does not fit takes its default. */
export function parseSettings(stored: unknown): Settings {
  if (typeof stored !== 'object' || stored === null) return defaultSettings
  const fields = Object.entries(stored).filter(([name, value]) => Object.hasOwn(checks, name) && checks[name as keyof Settings](value))
  return { ...defaultSettings, ...Object.fromEntries(fields) }
}

/** The stored settings, or the defaults where nothing readable is stored or storage is not allowed. */
export function loadSettings(): Settings {
  try {
    return parseSettings(JSON.parse(localStorage.getItem(storageKey) ?? 'null'))
  } catch {
    return defaultSettings
  }
}

/** Stores the settings; where storage is full or not allowed they last for this visit. */
export function saveSettings(settings: Settings): void {
  try {
    localStorage.setItem(storageKey, JSON.stringify(settings))
  } catch {
    return
  }
}

/** The list with `path` in front, once. */
export function withRecentFolder(recent: readonly string[], path: string): readonly string[] {
  return [path, ...recent.filter((known) => known !== path)].slice(0, recentFolderCount)
}
