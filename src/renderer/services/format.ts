/** @file Numbers as the interface writes them. Fixed English forms, so that a screenshot reads the same everywhere. */

const integers = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
const dates = new Intl.DateTimeFormat('en-GB', { year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' })

/** `12,000`. */
export function formatCount(value: number): string {
  return integers.format(value)
}

/** `1 image`, `12,000 images`. */
export function formatQuantity(value: number, noun: string, plural = `${noun}s`): string {
  return `${formatCount(value)} ${value === 1 ? noun : plural}`
}

/** Decimal units, as file managers use them: `812 B`, `4.2 MB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${unit === 0 || value >= 99.5 ? value.toFixed(0) : value.toFixed(1)} ${units[unit] ?? ''}`
}

/** `340 ms`, `12 s`, `3 min 20 s`, `2 h 5 min`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`
  const seconds = Math.round(milliseconds / 1000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** Three significant digits below a hundred: `0.42`, `12.3`, `180`. */
export function formatRate(perSecond: number): string {
  if (perSecond >= 99.5) return formatCount(perSecond)
  return perSecond >= 9.95 ? perSecond.toFixed(1) : perSecond.toFixed(2)
}

/** Millions of parameters: `22.1 M`; of toys thousands: `104 k`. */
export function formatParameters(parameters: number): string {
  if (parameters > 0 && parameters < 950_000) return `${Math.max(1, Math.round(parameters / 1000))} k`
  const millions = parameters / 1e6
  if (millions >= 999.5) return `${(millions / 1000).toFixed(2)} B`
  return `${millions >= 99.5 ? millions.toFixed(0) : millions.toFixed(1)} M`
}

/** `12 Mar 2024, 14:05` in the person's time zone. */
export function formatDate(milliseconds: number): string {
  return dates.format(milliseconds)
}

/** A small real number for legends and readouts: four significant digits, exponent form only where needed. */
export function formatValue(value: number): string {
  if (value === 0) return '0'
  const size = Math.abs(value)
  if (size < 1e-4) return value.toExponential(2)
  return value.toFixed(size < 0.01 ? 5 : size < 1 ? 4 : size < 100 ? 3 : 1)
}

/** Depth: `2.35 m`. */
export function formatMetres(metres: number): string {
  return `${metres.toFixed(2)} m`
}

/** A round number as it stands on an axis: `8`, `0.025`, `12k`, `3M`, `1e-5`. */
export function shortNumber(value: number): string {
  const size = Math.abs(value)
  if (size >= 1e6) return `${Number((value / 1e6).toPrecision(4))}M`
  if (size >= 1e4) return `${Number((value / 1e3).toPrecision(4))}k`
  if (size !== 0 && size < 1e-3) return Number(value.toPrecision(4)).toExponential().replace('e+', 'e')
  return String(Number(value.toPrecision(6)))
}

/** Time that is left, to the minute where seconds say nothing. */
export function formatTimeLeft(milliseconds: number): string {
  return formatDuration(milliseconds >= 600_000 ? Math.round(milliseconds / 60_000) * 60_000 : milliseconds)
}

/** `43 %`. */
export function formatPercent(fraction: number, digits = 0): string {
  return `${(fraction * 100).toFixed(digits)} %`
}
