/** @file Imports run downwards only, through doors only, and native code has one importer each. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix, relative, sep } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { browserFolders, layers, packageOwners, sharedFiles } from '../scripts/layers.mjs'

const root = join(import.meta.dirname, '..')

interface Import {
  readonly file: string
  readonly line: number
  readonly target: string
}

function sourceFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|vue)$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
}

/** Import statements, re-exports, `import()` and `require('…')`, type imports included. */
function importsOf(file: string, text: string): Import[] {
  const scripts = file.endsWith('.vue') ? [...text.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map((match) => ({ start: match.index + match[0].indexOf(match[1] ?? ''), code: match[1] ?? '' })) : [{ start: 0, code: text }]
  return scripts.flatMap(({ start, code }) => {
    const { importedFiles } = ts.preProcessFile(code, true, true)
    const required = [...code.matchAll(/createRequire\([^)]*\)\('([^']+)'\)/g)].map((match) => ({ fileName: match[1] ?? '', pos: match.index }))
    return [...importedFiles, ...required].map(({ fileName, pos }) => ({ file, line: text.slice(0, start + pos).split('\n').length, target: fileName }))
  })
}

const folders = Object.keys(layers)
const folderOf = (path: string): string | undefined => folders.find((folder) => path === folder || path.startsWith(`${folder}/`))

function packageOf(target: string): string {
  return target.split('/').slice(0, target.startsWith('@') ? 2 : 1).join('/')
}

/** Why one import is wrong, or undefined. */
function problemOf({ file, target }: Import): string | undefined {
  const from = folderOf(file)
  if (from === undefined) return `${file} lies in no known folder; add it to scripts/layers.mjs`
  if (!target.startsWith('.')) {
    const owners = packageOwners[packageOf(target)]
    if (owners !== undefined && !owners.includes(from)) return `only ${owners.join(' and ')} may import ${packageOf(target)}`
    return target.startsWith('node:') && browserFolders.includes(from) ? `${from} runs in a browser, where there is no ${target}` : undefined
  }
  const path = posix.join(posix.dirname(file), target)
  const to = folderOf(path)
  if (to === from) return undefined
  if (to === undefined) return `${path} lies in no known folder`
  if (layers[from]?.includes(to) !== true) return `${from} may not import ${to}`
  const rest = path.slice(to.length + 1)
  const allowed = sharedFiles[to] ?? ['', 'index']
  return allowed.includes(rest) ? undefined : `${to} is entered by ${allowed.map((name) => (name === '' ? 'its index.ts' : name)).join(' or ')} alone`
}

const files = ['src', 'bench'].flatMap(sourceFiles)
const imports = files.flatMap((file) => importsOf(file, readFileSync(join(root, file), 'utf8')))

describe('the layers', () => {
  it('reads the imports of every source file', () => {
    expect([files.length, imports.length].every((count) => count > 50)).toBe(true)
  })

  it('are kept by every import', () => {
    const violations = imports.flatMap((entry) => {
      const problem = problemOf(entry)
      return problem === undefined ? [] : [`${entry.file}:${entry.line}: '${entry.target}': ${problem}`]
    })
    expect(violations).toEqual([])
  })

  it('have no circles', () => {
    const circles = folders.filter((folder) => {
      const reached = new Set<string>()
      const visit = (name: string): void => {
        for (const next of layers[name] ?? []) {
          if (reached.has(next)) continue
          reached.add(next)
          visit(next)
        }
      }
      visit(folder)
      return reached.has(folder)
    })
    expect(circles).toEqual([])
  })

  it.each([
    ['src/engine/tensor/a.ts', `import { x } from '../host'`, 'src/engine/tensor may not import src/engine/host'],
    ['src/engine/weights/a.ts', `import { x } from '../runtime'`, 'src/engine/weights may not import src/engine/runtime'],
    ['src/engine/host/a.ts', `import { x } from '../weights/deep/file'`, 'src/engine/weights is entered by its index.ts or index alone'],
    ['src/engine/host/handlers/a.ts', `import { x } from '../../weights/file'`, 'src/engine/weights is entered by its index.ts or index alone'],
    ['src/engine/host/a.ts', `import ort from 'onnxruntime-node'`, 'only src/engine/runtime may import onnxruntime-node'],
    ['src/engine/host/a.ts', `const sharp = createRequire(import.meta.url)('sharp')`, 'only src/engine/image may import sharp'],
    ['src/engine/host/a.ts', `type Sharp = import('sharp').Sharp`, 'only src/engine/image may import sharp'],
    ['src/renderer/a.vue', `<template/>\n<script setup lang="ts">\nimport { x } from '../engine/host'\n</script>`, 'src/renderer may not import src/engine/host'],
    ['src/renderer/a.ts', `import { readFile } from 'node:fs'`, 'src/renderer runs in a browser, where there is no node:fs'],
    ['src/main/a.ts', `export * from '../engine/runtime'`, 'src/main may not import src/engine/runtime'],
    ['src/other/a.ts', `import { x } from 'zod'`, 'src/other/a.ts lies in no known folder; add it to scripts/layers.mjs'],
    ['src/main/a.ts', `import { x } from '../preload/index'`, 'src/preload is entered by contract or channels alone'],
  ])('would find it in %s: %s', (file, text, problem) => {
    expect(importsOf(file, text).map(problemOf)).toEqual([problem])
  })

  it('tell the line', () => {
    const text = `<template/>\n\n<script setup lang="ts">\nimport a from 'a'\nimport b from 'b'\n</script>`
    expect(importsOf('src/renderer/a.vue', text).map(({ line }) => line)).toEqual([4, 5])
  })
})
