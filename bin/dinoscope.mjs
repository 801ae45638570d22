#!/usr/bin/env node
/** @file The `dinoscope` command. In a source checkout it first builds what is stale. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

try {
  if (existsSync(join(root, 'src'))) await (await import('../scripts/build.mjs')).build()
  await import(pathToFileURL(join(root, 'out', 'main', 'cli.js')).href)
} catch (error) {
  process.stderr.write(`dinoscope: ${error.message}\n`)
  process.exitCode = 1
}
