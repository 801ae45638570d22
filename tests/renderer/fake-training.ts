/** @file Training made of invented numbers: presets, a recipe check that understands a few keys, a card, and runs that advance. */
import {
  EngineError,
  type EngineContract,
  type FeasibilityCard,
  type Handlers,
  type ModelInfo,
  type RecipePreset,
  type RecipeProblem,
  type RecipeSummary,
  type RunInfo,
  type StepMetrics,
} from '../../src/engine/contract'

type TrainingRequests = Extract<keyof Handlers<EngineContract>, `train.${string}` | `runs.${string}` | 'models.export'>

export const fakeSummary = (changes: Partial<RecipeSummary> = {}): RecipeSummary => ({
  method: 'dino',
  architecture: 'ViT-Ti/16',
  patchSize: 16,
  backboneParameters: 5_526_000,
  headParameters: 6_400_000,
  globalSize: 224,
  localSize: 96,
  localCrops: 8,
  batch: 8,
  accumulate: 1,
  ...changes,
})

export const fakeRun = (changes: Partial<RunInfo> = {}): RunInfo => ({
  id: 'field-trip-1',
  name: 'Field trip',
  state: 'running',
  reason: undefined,
  createdAt: '2026-03-12T21:40:00.000Z',
  updatedAt: '2026-03-12T23:02:00.000Z',
  summary: fakeSummary(),
  source: '/home/ada/Pictures/Field trip',
  images: 1000,
  init: 'dinov2_vits14_reg4',
  step: 400,
  stepsTotal: 2000,
  imagesPerSecond: 3.9,
  etaMs: 3_300_000,
  latest: undefined,
  bestKnn: undefined,
  checkpoints: [],
  warnings: [],
  skippedImages: 0,
  hasReport: false,
  sizeBytes: 212_000_000,
  ...changes,
})

const preset = (name: string, title: string, description: string, summary: Partial<RecipeSummary>, steps: number): RecipePreset => ({
  name,
  title,
  description,
  yaml: [
    `# ${title}`,
    `method: ${summary.method ?? 'dino'}`,
    'seed: 0',
    'model:',
    `  arch: ${summary.architecture ?? 'ViT-Ti/16'}`,
    'optimiser:',
    '  lr: 0.0005       # per 256 images',
    '  clip: 3.0',
    'run:',
    `  epochs: ${steps}`,
    '  steps: auto      # in place of epochs',
    '  batch: auto      # or a number',
    '',
  ].join('\n'),
})

const presetSummaries: Readonly<Record<string, Partial<RecipeSummary>>> = {
  'dinov2-vits14-continue': { method: 'dinov2', architecture: 'ViT-S/14 · 4 registers', patchSize: 14, backboneParameters: 22_058_112, headParameters: 22_000_000, localSize: 98, batch: 4 },
  'dino-vitti16-laptop': {},
  'dino-vits16': { architecture: 'ViT-S/16', backboneParameters: 21_665_664, headParameters: 22_100_000, batch: 64 },
  'distil-vitti14': { method: 'distill', architecture: 'ViT-Ti/14', patchSize: 14, backboneParameters: 5_560_000, globalSize: 112, localSize: 56, localCrops: 4, batch: 32 },
  'tiny-smoke': { architecture: 'ViT-64×2/8', patchSize: 8, backboneParameters: 104_000, headParameters: 60_000, globalSize: 32, localSize: 16, localCrops: 2, batch: 4 },
}

export const fakePresets: readonly RecipePreset[] = [
  preset('dinov2-vits14-continue', 'Continue DINOv2', 'Goes on from a pretrained ViT-S/14 with a low learning rate: the way to a better backbone for your own pictures.', presetSummaries['dinov2-vits14-continue'] ?? {}, 20),
  preset('dino-vitti16-laptop', 'DINO on a laptop', 'A small ViT for a night on a CPU with some thousand photos.', presetSummaries['dino-vitti16-laptop'] ?? {}, 50),
  preset('dino-vits16', 'DINO ViT-S/16', 'The recipe of the paper. Wants a GPU and at least a hundred thousand pictures.', presetSummaries['dino-vits16'] ?? {}, 100),
  preset('distil-vitti14', 'Distil a larger model', 'A tiny student learns to answer as a larger, frozen model does.', presetSummaries['distil-vitti14'] ?? {}, 30),
  preset('tiny-smoke', 'Tiny trial', 'Twenty steps of a toy model: shows in seconds that everything works.', presetSummaries['tiny-smoke'] ?? {}, 1),
]

function problemsOf(recipe: string): readonly RecipeProblem[] {
  const problems: RecipeProblem[] = []
  recipe.split('\n').forEach((line, index) => {
    const [, key = '', value = ''] = /^\s*([\w_]+):\s*([^#]*?)\s*(?:#.*)?$/.exec(line) ?? []
    if (key === 'lr' && !(Number(value) > 0)) problems.push({ path: 'optimiser.lr', message: 'must be a positive number', line: index + 1 })
    if (key === 'learning_rate') problems.push({ path: 'optimiser.learning_rate', message: 'is not a key; did you mean lr?', line: index + 1 })
    if (key === 'steps' && value !== 'auto' && !(Number(value) >= 1)) problems.push({ path: 'run.steps', message: 'must be a whole number from 1 on, or auto', line: index + 1 })
  })
  return problems
}

const summaryOf = (recipe: string): RecipeSummary => {
  const architecture = /arch: (.+)/.exec(recipe)?.[1] ?? 'ViT-Ti/16'
  return fakeSummary({ architecture, ...Object.values(presetSummaries).find((summary) => (summary.architecture ?? 'ViT-Ti/16') === architecture) })
}

/** A number in -1..1 that depends on the step and the name alone. */
const noise = (step: number, name: string): number => {
  let hash = 2166136261 ^ step
  for (let index = 0; index < name.length; index += 1) hash = Math.imul(hash ^ name.charCodeAt(index), 16777619)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0x5bd1e995)
  return (((hash ^ (hash >>> 15)) >>> 0) % 20001) / 10000 - 1
}

/** The numbers of one step of an invented run. */
export function fakeMetrics(step: number, stepsTotal: number, offset = 0): StepMetrics {
  const share = step / stepsTotal
  const warm = Math.min(1, share / 0.1)
  const half = 0.5 * (1 + Math.cos(Math.PI * share))
  const dino = 5.2 + 3.1 * Math.exp(-4 * share) + offset + 0.22 * noise(step, 'dino')
  return {
    step,
    values: {
      'loss': dino + 0.3,
      'loss.dino': dino,
      'loss.dino.global': dino * 0.11,
      'loss.dino.local': dino * 0.89,
      'teacher.entropy': 6.6 - 1.9 * (1 - Math.exp(-3 * share)) + 0.07 * noise(step, 'entropy'),
      'teacher.kl': 0.35 + 0.9 * (1 - Math.exp(-9 * share)) + 0.06 * noise(step, 'kl'),
      'feature.rank': 14 + 71 * (1 - Math.exp(-2.6 * share)) + 2 * noise(step, 'rank') - 20 * offset,
      'feature.std': 0.012 + 0.036 * (1 - Math.exp(-3 * share)) + 0.0012 * noise(step, 'std'),
      'centre.norm': 2.4 * (1 - Math.exp(-12 * share)) + 0.04 * noise(step, 'centre'),
      'gradient.backbone': 1.1 + Math.exp(-5 * share) * 3 + 0.5 * Math.abs(noise(step, 'g')) + (step % 397 === 0 ? 6 : 0),
      'gradient.head': 0.6 + 0.3 * Math.abs(noise(step, 'h')),
      'lr': 1e-6 + 4.9e-4 * warm * half,
      'weight.decay': 0.4 - 0.36 * half,
      'momentum': 1 - 0.004 * half,
      'temperature': 0.04 + 0.03 * Math.min(1, share * 3),
      'images.per.second': 3.9 + 0.25 * noise(step, 'speed'),
      ...(step % 50 === 0 ? { knn: 0.268 + 0.13 * (1 - Math.exp(-2 * share)) + 0.006 * noise(step, 'knn') } : {}),
    },
  }
}

export interface FakeTraining {
  readonly handlers: Pick<Handlers<EngineContract>, TrainingRequests>
  readonly runs: () => readonly RunInfo[]
  /** Does `steps` steps of a running run and tells it. */
  readonly advance: (runId: string, steps: number) => void
  /** Puts `changes` into a run and tells it. */
  readonly change: (runId: string, changes: Partial<RunInfo>) => RunInfo
}

export interface FakeTrainingOptions {
  readonly runs?: readonly RunInfo[]
  readonly pause: (milliseconds: number) => Promise<void>
  readonly push: (run: RunInfo) => void
  readonly models: () => readonly ModelInfo[]
  readonly addModel: (model: ModelInfo) => void
  /** Ids of pictures to show as probes. */
  readonly pictures: readonly string[]
}

/** Invents what training answers; nothing happens by itself, `advance` moves a run. */
export function createFakeTraining({ runs: given = [], pause, push, models, addModel, pictures }: FakeTrainingOptions): FakeTraining {
  let runs = given
  let made = 0

  const runOf = (runId: string): RunInfo => {
    const run = runs.find(({ id }) => id === runId)
    if (run === undefined) throw new EngineError('NOT_FOUND', `there is no run ${runId}`)
    return run
  }
  const put = (run: RunInfo): RunInfo => {
    runs = [run, ...runs.filter(({ id }) => id !== run.id)]
    push(run)
    return run
  }
  const change = (runId: string, changes: Partial<RunInfo>): RunInfo => put({ ...runOf(runId), ...changes })
  const offsetOf = (run: RunInfo): number => (run.init === undefined ? 0.5 : 0)

  const advance = (runId: string, steps: number): void => {
    const run = runOf(runId)
    if (run.state !== 'running') return
    const step = Math.min(run.stepsTotal, run.step + steps)
    const checkpointed = Math.floor(step / 200) > Math.floor(run.step / 200)
    const checkpoints = checkpointed ? [...run.checkpoints.slice(-1), { step: step - (step % 200), best: true, savedAt: run.updatedAt }] : run.checkpoints
    const done = step === run.stepsTotal
    put({
      ...run,
      step,
      checkpoints,
      state: done ? 'finished' : 'running',
      hasReport: done,
      etaMs: done ? undefined : ((run.stepsTotal - step) * Number(run.summary.batch) * 1000) / (run.imagesPerSecond ?? 1),
      latest: fakeMetrics(step, run.stepsTotal, offsetOf(run)),
    })
  }

  const card = (recipe: string, images: number): FeasibilityCard => ({
    images,
    summary: summaryOf(recipe),
    stepsTotal: 6250,
    imagesPerSecond: 3.9,
    stepMs: 2051,
    peakRssBytes: 1_020_000_000,
    freeMemoryBytes: 9_800_000_000,
    checkpointBytes: 143_000_000,
    freeDiskBytes: 64_000_000_000,
    hours: 3.56,
    batch: 8,
    verdict: images < 10_000 ? 'doubtful' : 'good',
    advice: [
      `${images.toLocaleString('en-US')} images are few for self-distillation: continue from a pretrained model and expect it to adapt to your pictures, not to learn to see anew.`,
      'With fewer than 10,000 images from scratch, colours and textures are learned, parts and objects hardly.',
      'Plug the computer in: it is kept awake, but not charged.',
    ],
    skipped: images > 900 ? [{ relativePath: 'walks/broken.jpg', code: 'IMG_TRUNCATED', reason: 'the JPEG data ends after 52 % of the picture' }] : [],
  })

  const handlers: FakeTraining['handlers'] = {
    'train.presets': () => Promise.resolve(fakePresets),
    'train.check': ({ recipe }) => {
      const problems = problemsOf(recipe)
      return Promise.resolve(problems.length > 0 ? { ok: false, problems } : { ok: true, summary: summaryOf(recipe), resolved: recipe })
    },
    'train.card': async ({ recipe, images }, { signal, emit }) => {
      for (let done = 0; done < 20; done += 1) {
        signal.throwIfAborted()
        emit({ kind: 'progress', title: 'Trying 20 steps', done, total: 20, value: done / 20, ratePerSecond: 0.5, etaMs: (20 - done) * 2000 })
        await pause(160)
      }
      return card(recipe, images.imageIds?.length ?? 1000)
    },
    'train.start': ({ name, recipe, init, images }) => {
      const summary = summaryOf(recipe)
      const source = images.libraryId.replace('library of ', '')
      const from = init === 'scratch' ? undefined : (models().find(({ id }) => id === init)?.name ?? init)
      made += 1
      return Promise.resolve(
        put(fakeRun({ id: `made-${made}`, name, summary, source, init: from, step: 0, stepsTotal: 2000, createdAt: `2027-01-01T00:00:0${made}.000Z`, checkpoints: [], latest: undefined, images: images.imageIds?.length ?? 1000 })),
      )
    },
    'runs.list': () => Promise.resolve(runs),
    'runs.recipe': ({ runId }) => {
      const run = runOf(runId)
      const { yaml } = preset('run', run.name, '', run.summary, run.init === undefined ? 100 : 50)
      return Promise.resolve({ yaml: run.init === undefined ? yaml : yaml.replace('0.0005 ', '0.00005') })
    },
    'runs.metrics': ({ runId, afterStep }) => {
      const run = runOf(runId)
      const rows = Array.from({ length: Math.max(0, run.step - afterStep - (afterStep < 0 ? 1 : 0)) }, (_, index) =>
        fakeMetrics(Math.max(1, afterStep + 1) + index, run.stepsTotal, offsetOf(run)),
      )
      const names = [...new Set(rows.flatMap(({ values }) => Object.keys(values)))]
      const columns = names.map((name) => [name, Float64Array.from(rows, ({ values }) => values[name] ?? NaN)] as const)
      return Promise.resolve({ steps: Float64Array.from(rows, ({ step }) => step), columns: Object.fromEntries(columns) })
    },
    'runs.probes': ({ runId }) => {
      const frames = Math.floor(runOf(runId).step / 100)
      const shown = pictures.slice(0, 4)
      return Promise.resolve(
        Array.from({ length: frames + 1 }, (_, frame) => ({
          step: frame * 100,
          pictures: shown.map((photoId, index) => ({
            name: `picture ${index + 1}.jpg`,
            photoId,
            attentionId: `probe-attention-${index}-${frame}`,
            pcaId: `probe-pca-${index}-${frame}`,
          })),
        })),
      )
    },
    'runs.resume': ({ runId }) => Promise.resolve(change(runId, { state: 'running', reason: undefined })),
    'runs.pause': ({ runId, paused }) => Promise.resolve(change(runId, { state: paused ? 'paused' : 'running' })),
    'runs.stop': async ({ runId }) => {
      change(runId, { state: 'stopping', reason: 'writing a checkpoint' })
      await pause(900)
      const { step } = runOf(runId)
      return change(runId, { state: 'stopped', reason: 'stopped by you', checkpoints: [{ step, best: false, savedAt: '2026-03-12T23:10:00.000Z' }] })
    },
    'runs.finishBy': ({ runId, at }) => Promise.resolve(change(runId, { finishBy: at })),
    'runs.rename': ({ runId, name }) => Promise.resolve(change(runId, { name })),
    'runs.delete': ({ runId }) => {
      runOf(runId)
      runs = runs.filter(({ id }) => id !== runId)
      return Promise.resolve(undefined)
    },
    'runs.report': ({ runId }) => Promise.resolve({ exportId: `report-${runId}`, name: 'report.html' }),
    'runs.teacher': ({ runId }) => {
      const run = runOf(runId)
      const [known] = models()
      if (known === undefined) throw new EngineError('NOT_FOUND', 'there is no model')
      const model: ModelInfo = { ...known, id: `teacher of ${runId}`, name: `${run.name}, step ${run.step}`, origin: 'imported', trained: true, architecture: run.summary.architecture }
      addModel(model)
      return Promise.resolve(model)
    },
    'models.export': async ({ modelId, format }, { signal, emit }) => {
      const model = models().find(({ id }) => id === modelId)
      if (model === undefined) throw new EngineError('NOT_FOUND', `there is no model ${modelId}`)
      for (let done = 0; done < 8; done += 1) {
        signal.throwIfAborted()
        emit({ kind: 'progress', title: done < 4 ? 'Writing' : 'Comparing with the engine', done, total: 8, value: done / 8, ratePerSecond: undefined, etaMs: undefined })
        await pause(220)
      }
      return {
        exportId: 'model-1',
        files: [
          { name: `${model.id}.${format}`, sizeBytes: model.sizeBytes },
          { name: `${model.id}.${format}.parity.json`, sizeBytes: 1900 },
        ],
        parity: [
          { image: 'coffee.jpg', height: 224, width: 224, tokens: 2.4e-6, attention: 3.1e-7, cosine: 0.99999999 },
          { image: 'coffee.jpg', height: 336, width: 448, tokens: 3.9e-6, attention: 4.4e-7, cosine: 0.99999997 },
          { image: 'raccoon.jpg', height: 448, width: 336, tokens: 3.2e-6, attention: 5.0e-7, cosine: 0.99999998 },
        ],
      }
    },
  }
  return { handlers, runs: () => runs, advance, change }
}
