/** @file From a runtime's complaint about a node back to the line that made it. */
import type { CreationSite } from './value'

/** Functions every node is made through; they say nothing about which one it is. */
const plumbing = /^(node|applyRule|applySingle)\b/
const frames = 4

/** The op and its callers, innermost first: `linear (file:1:2) < feedForward (file:3:4)`. Empty without a stack. */
export function formatSite(site: CreationSite): string {
  return (site.stack ?? '')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().replace(/^at /, ''))
    .filter((line) => !plumbing.test(line))
    .slice(0, frames)
    .join(' < ')
}

/** The node names of `sites` that occur as whole words in `message`, with the lines that made them. */
export function sitesNamedIn(message: string, sites: ReadonlyMap<string, CreationSite>): { readonly node: string; readonly site: string }[] {
  return [...sites]
    .filter(([node]) => new RegExp(`(?<![\\w:])${node}(?!\\w)`).test(message))
    .map(([node, site]) => ({ node, site: formatSite(site) }))
}
