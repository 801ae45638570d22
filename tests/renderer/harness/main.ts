/** @file Entry of the harness: first the fake shell, then the real page. */
await import('./install')
// By a path that only the bundler resolves: the type checker of the tests does not read .vue files.
const page = '/src/renderer/main.ts'
await import(/* @vite-ignore */ page)
export {}
