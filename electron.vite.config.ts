/** @file How the three processes are bundled: main, engine and CLI for Node, the preload as one CommonJS file, the page for Chromium. */
import { resolve } from 'node:path'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'electron-vite'
import { moduleAliases } from './scripts/module-aliases.mjs'

const from = (path: string): string => resolve(import.meta.dirname, path)

export default defineConfig({
  main: {
    resolve: { alias: moduleAliases },
    build: {
      outDir: 'out/main',
      // The command line and `serve` run under plain Node, the oldest supported one.
      target: 'node20.19',
      sourcemap: true,
      rollupOptions: {
        input: {
          index: from('src/main/index.ts'),
          engine: from('src/engine/host/engine-process.ts'),
          trainer: from('src/engine/host/trainer-process.ts'),
          cli: from('src/cli/index.ts'),
          'training-data': from('src/engine/train/data/worker.ts'),
          'map-layout': from('src/engine/collection/map/layout-worker.ts'),
        },
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
      },
    },
  },
  preload: {
    build: {
      outDir: 'out/preload',
      rollupOptions: {
        input: { index: from('src/preload/index.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: from('src/renderer'),
    base: './',
    plugins: [vue()],
    build: {
      outDir: from('out/renderer'),
      // Inlined files would be data: addresses, which the page's policy allows for pictures alone.
      assetsInlineLimit: 0,
      rollupOptions: { input: { index: from('src/renderer/index.html') } },
    },
  },
})
