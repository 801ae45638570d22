/** @file Three projects: `unit` mirrors src; `webgpu` needs an adapter; `e2e` drives a real browser against the real engine. */
import { defineConfig } from 'vitest/config'
import { moduleAliases } from './scripts/module-aliases.mjs'

export default defineConfig({
  test: {
    projects: [
      {
        resolve: { alias: moduleAliases },
        test: {
          name: 'unit',
          include: ['tests/**/*.test.ts'],
          exclude: ['tests/e2e/**', 'tests/webgpu/**'],
          testTimeout: 60_000,
          // onnxruntime-node is reported to crash in worker threads; one process per file keeps one user each.
          pool: 'forks',
        },
      },
      {
        test: {
          name: 'webgpu',
          include: ['tests/webgpu/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          pool: 'forks',
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['tests/e2e/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          pool: 'forks',
          fileParallelism: false,
        },
      },
    ],
  },
})
