/** @file The built worker is found beside the code, above it, and from the sources. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { findWorkerModule } from '../../../../src/engine/train/data/worker-module'
import { temporaryFolder } from '../../../helpers/folders'
import { thrownBy } from '../../../helpers/thrown'

it('finds the bundle from wherever the code was put', async () => {
  const root = await temporaryFolder({ 'out/main/training-data.js': '' })
  const folders = ['out/main', 'out/main/chunks', 'src/engine/train/data'].map((folder) => join(root, folder))
  await Promise.all(folders.map((folder) => mkdir(folder, { recursive: true })))
  const expected = join(root, 'out', 'main', 'training-data.js')
  expect(folders.map((folder) => findWorkerModule(folder))).toEqual([expected, expected, expected])
})

it('says how to get it when it is not there', async () => {
  const root = await temporaryFolder()
  expect(await thrownBy(() => findWorkerModule(root))).toMatchObject({
    code: 'INTERNAL',
    message: `the training data worker training-data.js was not found above ${root}; build the program first (npm run build)`,
  })
})
