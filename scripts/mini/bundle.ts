/** @file From finished runs to the bundled backbone: the last one's teacher in half precision, and how it came to be. */
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { teacherModel } from '../../src/engine/host'
import { openRunFolder } from '../../src/engine/train'
import { defaultPreprocessing, openModelFolder, readSafetensors, requireVit, weightsFile } from '../../src/engine/weights'
import { toFloat32 } from '../../src/engine/tensor'
import { writeHalfModel, writeUntrained } from './half-model'
import { writeSheet } from './sheet'

/** At twice the size of the crops it learned from things are as sharp as they get, and 256 patches are quick. */
const preprocessing = { ...defaultPreprocessing, shortEdge: 146, crop: 128 }
/** What is kept of looking at the sample photos, which no run learned from. */
const probePictures = ['attention-mean.png', 'pca.png'] as const
const probeSize = '224'

async function copyHistory(run: string, target: string): Promise<void> {
  await mkdir(target, { recursive: true })
  for (const name of ['recipe.yaml', 'metrics.jsonl']) await cp(join(run, name), join(target, name))
}

/** Looks at the sample photos with the model in `folder`, and keeps attention and PCA of each in `target`. */
async function takeProbes({ samples, cli }: Pick<BundleRequest, 'samples' | 'cli'>, folder: string, target: string, scratch: string): Promise<void> {
  const photos = (await readdir(samples)).filter((name) => name.endsWith('.jpg'))
  await promisify(execFile)(process.execPath, [cli, 'inspect', ...photos.map((name) => join(samples, name)), '--model', folder, '--size', probeSize, '--out', scratch])
  await mkdir(target, { recursive: true })
  for (const photo of photos)
    for (const picture of probePictures) await cp(join(scratch, basename(photo, '.jpg'), picture), join(target, `${basename(photo, '.jpg')}-${picture}`))
}

export interface BundleRequest {
  /** Folders of the runs, in the order in which each began with the weights of the one before. */
  readonly runs: readonly string[]
  readonly folder: string
  readonly samples: string
  readonly cli: string
}

/** Writes the model folder anew; its card is not touched. */
export async function bundle(request: BundleRequest): Promise<void> {
  const { runs, folder } = request
  const scratch = await mkdtemp(join(tmpdir(), 'mini-'))
  try {
    const last = await openRunFolder(runs.at(-1)!)
    const { folder: teacher, manifest } = await teacherModel(last, 'newest', { modelsFolder: scratch }, { signal: new AbortController().signal, emit: () => undefined })
    const tensors = await readSafetensors(join(teacher, weightsFile))
    const parameters = Array.from(tensors, ([name, tensor]) => [name, toFloat32(tensor)] as const)
    for (const name of await readdir(folder).catch(() => [])) if (name !== 'README.md') await rm(join(folder, name), { recursive: true })
    await writeHalfModel(folder, parameters, {
      ...manifest,
      id: 'dinoscope-mini',
      name: 'DinoScope mini',
      description: 'A small transformer that DinoScope itself trained on photos, without labels. Quick, and made for trying the views; official DINO and DINOv2 models see more.',
      preprocessing,
      provenance: { source: 'npm run mini', kind: 'dinoscope', checkpointKey: 'teacher', unexpectedKeys: [], importedAt: manifest.provenance.importedAt },
    })
    for (const [index, run] of runs.entries()) await copyHistory(run, join(folder, runs.length === 1 ? '.' : `stage-${index + 1}`))
    const untrained = join(scratch, 'untrained')
    await writeUntrained(untrained, requireVit(await openModelFolder(folder), 'drawn anew').manifest)
    await takeProbes(request, folder, join(folder, 'probes'), join(scratch, 'look'))
    await takeProbes(request, untrained, join(folder, 'probes', 'untrained'), join(scratch, 'look-untrained'))
    await writeSheet(join(folder, 'probes'), request.samples, join(folder, 'before-and-after.jpg'))
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
  const bytes = (await readFile(join(folder, weightsFile))).length
  process.stdout.write(`${folder}: ${(bytes / 1e6).toFixed(1)} MB\n`)
}
