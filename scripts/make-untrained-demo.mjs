/** @file Makes resources/models/untrained-demo: a small ViT with random weights, so that the app has something to show before a model is trained or imported. */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runnerImport } from 'vite'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const { module } = await runnerImport(join(root, 'scripts', 'untrained-demo.ts'), { root, configFile: false, logLevel: 'warn' })
await module.makeUntrainedDemo(join(root, 'resources', 'models', 'untrained-demo'))
console.log('Wrote resources/models/untrained-demo')
