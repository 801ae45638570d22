/** @file Who may import whom: the one table behind the lint rules and the layers test. */

/** Folders below src/engine, lowest first. A folder imports from lower rows alone, never from its own row's neighbours. */
const engineRows = [
  ['contract', 'display'],
  ['tensor', 'files', 'progress', 'link'],
  ['onnx'],
  ['graph'],
  ['ops'],
  ['autodiff', 'nn', 'losses', 'optim'],
  ['weights', 'runtime', 'image'],
  ['inference', 'library', 'export'],
  ['collection'],
  ['dense'],
  ['train'],
  ['host'],
]

const engine = (name) => `src/engine/${name}`
const engineFolders = engineRows.flat().map(engine)

/** Every folder with a door, and the folders whose doors it may use. */
export const layers = Object.fromEntries([
  ...engineRows.flatMap((row, index) => row.map((name) => [engine(name), engineRows.slice(0, index).flat().map(engine)])),
  // The shells never load the engine's native code into their own process.
  ['src/shell', [engine('contract'), engine('link')]],
  ['src/preload', [engine('contract')]],
  ['src/main', [engine('contract'), engine('link'), 'src/shell', 'src/preload']],
  ['src/renderer', [engine('contract'), engine('display'), 'src/preload']],
  ['bench', engineFolders],
  ['src/cli', [...engineFolders, 'src/shell', 'bench']],
])

/** Folders that have no index.ts to go through: the preload is a program, and only these files of it are shared. */
export const sharedFiles = { 'src/preload': ['contract', 'channels'] }

/** Packages that one folder alone may import. */
export const packageOwners = {
  'onnxruntime-node': ['src/engine/runtime'],
  sharp: ['src/engine/image'],
  '@lancedb/lancedb': ['src/engine/library'],
  'embedding-atlas': ['src/engine/collection'],
  yazl: ['src/engine/export'],
  undici: ['src/engine/weights'],
  electron: ['src/main', 'src/preload'],
  fastify: ['src/cli'],
  commander: ['src/cli'],
  vue: ['src/renderer'],
  pinia: ['src/renderer'],
  three: ['src/renderer'],
}

/** Folders that run in a browser: nothing of Node there. */
export const browserFolders = ['src/renderer', 'src/preload', 'src/engine/contract', 'src/engine/display']
