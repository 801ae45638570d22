/** @file The built page is served from a list made at the start. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readPages } from '../../src/shell'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pages-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

describe('readPages', () => {
  it('lists regular files of known types, and nothing that is linked in', async () => {
    await mkdir(join(folder, 'assets'))
    for (const name of ['index.html', 'assets/app-1.js', 'assets/app-1.js.map', 'assets/font-2.woff2', '.env', 'notes.txt']) await writeFile(join(folder, name), '')
    await symlink('/etc/passwd', join(folder, 'assets', 'linked.js'))
    const index = { path: join(folder, 'index.html'), contentType: 'text/html; charset=utf-8', immutable: false }
    expect(Object.fromEntries(await readPages(folder))).toEqual({
      '/': index,
      '/index.html': index,
      '/assets/app-1.js': { path: join(folder, 'assets/app-1.js'), contentType: 'text/javascript; charset=utf-8', immutable: true },
      '/assets/font-2.woff2': { path: join(folder, 'assets/font-2.woff2'), contentType: 'font/woff2', immutable: true },
    })
  })

  it.each(['', 'missing'])('says that the page has not been built (%j)', async (name) => {
    await expect(readPages(join(folder, name))).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})
