/**
 * @file The bundled backbone, made and measured.
 * `npm run mini -- bundle RUN…` makes resources/models/dinoscope-mini of the last run's teacher, with the recipes of all of them.
 * `npm run mini -- measure --cifar10 DIR --photos DIR` scores it against the untrained network and raw colours, and writes figures.json beside it.
 */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { runnerImport } from 'vite'
import { moduleAliases } from './module-aliases.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const folder = join(root, 'resources', 'models', 'dinoscope-mini')
const samples = join(root, 'resources', 'samples')
const cli = join(root, 'bin', 'dinoscope.mjs')
const load = async (name) => (await runnerImport(join(root, 'scripts', 'mini', `${name}.ts`), { root, configFile: false, logLevel: 'warn', resolve: { alias: moduleAliases } })).module

const [command, ...rest] = process.argv.slice(2)
const { values, positionals } = parseArgs({ args: rest, allowPositionals: true, options: { cifar10: { type: 'string' }, photos: { type: 'string' }, limit: { type: 'string' } } })
if (command === 'bundle' && positionals.length > 0) {
  await (await load('bundle')).bundle({ runs: positionals, folder, samples, cli })
} else if (command === 'measure' && values.cifar10 !== undefined && values.photos !== undefined) {
  await (await load('measure')).measure({ model: folder, cifar10: values.cifar10, photos: values.photos, samples, limit: values.limit, cli })
} else {
  process.stderr.write('npm run mini -- bundle RUN…\nnpm run mini -- measure --cifar10 DIR --photos DIR [--limit PICTURES-PER-CLASS]\n')
  process.exitCode = 2
}
