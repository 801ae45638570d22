/** @file Where the window was when it was last closed, and whether that place still exists. Pure, but for its file. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

export interface Bounds {
  readonly x?: number
  readonly y?: number
  readonly width: number
  readonly height: number
  readonly maximized: boolean
}

export interface Area {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export const defaultBounds: Bounds = { width: 1360, height: 880, maximized: false }
export const minimumSize = { width: 720, height: 480 } as const

function isBounds(value: unknown): value is Bounds {
  if (typeof value !== 'object' || value === null) return false
  const { x, y, width, height, maximized } = value as Record<string, unknown>
  const isPosition = (position: unknown): boolean => position === undefined || Number.isInteger(position)
  return isPosition(x) && isPosition(y) && Number.isInteger(width) && Number.isInteger(height) && typeof maximized === 'boolean'
}

/** How much of the window's title bar lies on a display. */
function visibleShare({ x = 0, y = 0, width }: Bounds, area: Area): number {
  const bar = 32
  const across = Math.min(x + width, area.x + area.width) - Math.max(x, area.x)
  const down = Math.min(y + bar, area.y + area.height) - Math.max(y, area.y)
  return (Math.max(0, across) * Math.max(0, down)) / (width * bar)
}

/**
 * The remembered bounds where at least half of the title bar can be reached on one of the displays, else the size
 * alone, and never larger than the largest display.
 * @param workAreas of the displays, the primary one first
 */
export function fitBounds(remembered: Bounds, workAreas: readonly Area[]): Bounds {
  const { x, y, maximized } = remembered
  const widest = Math.max(minimumSize.width, ...workAreas.map((area) => area.width))
  const highest = Math.max(minimumSize.height, ...workAreas.map((area) => area.height))
  const width = Math.min(widest, Math.max(minimumSize.width, remembered.width))
  const height = Math.min(highest, Math.max(minimumSize.height, remembered.height))
  const sized = { width, height, maximized }
  if (x === undefined || y === undefined) return sized
  const placed = { x, y, ...sized }
  return workAreas.some((area) => visibleShare(placed, area) >= 0.5) ? placed : sized
}

/** The bounds in `file`, or the default where there are none that can be used. */
export function readBounds(file: string): Bounds {
  try {
    const stored: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return isBounds(stored) ? stored : defaultBounds
  } catch {
    return defaultBounds
  }
}

/** Remembers `bounds`. Called while the window closes, so it does not wait; what fails is forgotten. */
export function writeBounds(file: string, bounds: Bounds): void {
  try {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, JSON.stringify(bounds))
  } catch {
    return
  }
}
