/** @file The security headers of every response, in both shells. */

/** What a page may do: run its own files and talk to where it came from. Nothing leaves the machine. */
export const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types vue',
].join('; ')

/** For everything that is not a page: inert wherever it ends up. */
export const inertPolicy = "default-src 'none'; frame-ancestors 'none'; sandbox"

/** Headers that every response carries beside its policy and its type. */
export const commonHeaders = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Origin-Agent-Cluster': '?1',
  'X-DNS-Prefetch-Control': 'off',
} as const

/** The names of the headers without which a response must not leave; empty when all is well. */
export function missingHeaders(get: (name: string) => unknown): string[] {
  const wanted: readonly (readonly [string, (value: string) => boolean])[] = [
    ['Content-Security-Policy', (value) => value.includes("default-src 'none'") && value.includes("frame-ancestors 'none'")],
    ['X-Content-Type-Options', (value) => value === 'nosniff'],
    ['Content-Type', (value) => value.length > 0],
  ]
  return wanted.filter(([name, holds]) => {
    const value = get(name)
    return typeof value !== 'string' || !holds(value)
  }).map(([name]) => name)
}
