/** @file The built page as an allow-list: a file is served because it was there at the start, never because of what was asked. */
import { readdir } from 'node:fs/promises'
import { extname, join, relative, sep } from 'node:path'
import { EngineError } from '../engine/contract'

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
}

export interface PageFile {
  readonly path: string
  readonly contentType: string
  /** Whether its name changes with its content, so that it can be kept for good. */
  readonly immutable: boolean
}

/**
 * URL path to file, for every file of a known type below `folder`; `/` is `index.html`.
 * @throws EngineError NOT_FOUND when there is no `index.html`
 */
export async function readPages(folder: string): Promise<ReadonlyMap<string, PageFile>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const pages = new Map<string, PageFile>()
  for (const entry of entries) {
    const contentType = contentTypes[extname(entry.name)]
    if (!entry.isFile() || contentType === undefined) continue
    const path = join(entry.parentPath, entry.name)
    const url = `/${relative(folder, path).split(sep).join('/')}`
    pages.set(url, { path, contentType, immutable: url.startsWith('/assets/') })
  }
  const index = pages.get('/index.html')
  if (index === undefined) throw new EngineError('NOT_FOUND', `${join(folder, 'index.html')} is missing; the page has not been built`)
  pages.set('/', index)
  return pages
}
