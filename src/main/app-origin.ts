/** @file The address of the page inside the desktop app, and which addresses count as it. */

export const appScheme = 'dinoscope'
export const appOrigin = `${appScheme}://app`
export const appUrl = `${appOrigin}/`

function isAt(url: string, protocol: string, isHost: (host: string) => boolean): boolean {
  if (!URL.canParse(url)) return false
  const parsed = new URL(url)
  return parsed.protocol === protocol && isHost(parsed.host) && parsed.username === '' && parsed.password === ''
}

/** Whether `url` is the app's own page. */
export function isAppUrl(url: string): boolean {
  return isAt(url, `${appScheme}:`, (host) => host === 'app')
}

const externalHosts = new Set(['arxiv.org', 'github.com'])

/** Whether a link may be handed to the system's browser: https on a known host, exactly. */
export function isExternalUrl(url: string): boolean {
  return isAt(url, 'https:', (host) => externalHosts.has(host))
}
