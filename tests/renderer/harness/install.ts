/** @file Puts a fake desktop shell under the page before it starts, so that it can be looked at without an engine. */
import type { DinoscopeBridge } from '../../../src/preload/contract'
import { createFakeEngine, fakeModel, type FakePicture } from '../fake-engine'
import { fakeMetrics, fakeRun, fakeSummary } from '../fake-training'

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

const pictures = (await (await fetch('/harness/pictures.json')).json()) as readonly FakePicture[]
const folder = (path: string, images: number, online: boolean) => ({ path, name: path.slice(path.lastIndexOf('/') + 1), images, online, openedAt: '2026-03-12T21:40:00.000Z' })
const engine = createFakeEngine({
  pictures,
  pause: wait,
  // `?embedded` begins with vectors, so that search and map can be looked at without waiting.
  embedded: new URLSearchParams(location.search).has('embedded') ? ['demo', 'dinov2-s'] : [],
  folders: [folder('/home/ada/Pictures/Field trip', pictures.length, true), folder('/media/ada/usb/Archive 2019', 48_210, false), folder('/home/ada/Pictures/Scans', 812, true)],
  runs: [
    fakeRun({
      checkpoints: [{ step: 200, best: false, savedAt: '2026-03-12T22:10:00.000Z' }, { step: 400, best: true, savedAt: '2026-03-12T23:00:00.000Z' }],
      latest: fakeMetrics(400, 2000),
      bestKnn: 0.341,
      skippedImages: 3,
    }),
    fakeRun({
      id: 'cifar',
      name: 'CIFAR-10, three hours',
      state: 'finished',
      createdAt: '2026-03-10T09:00:00.000Z',
      updatedAt: '2026-03-10T12:04:00.000Z',
      summary: fakeSummary({ architecture: 'ViT-128×6/8', patchSize: 8, backboneParameters: 1_210_000, globalSize: 32, localSize: 16, localCrops: 4, batch: 64 }),
      source: '/home/ada/data/cifar10/train',
      images: 50_000,
      init: undefined,
      step: 24_000,
      stepsTotal: 24_000,
      imagesPerSecond: undefined,
      etaMs: undefined,
      latest: fakeMetrics(24_000, 24_000),
      bestKnn: 0.389,
      checkpoints: [{ step: 22_500, best: true, savedAt: '2026-03-10T11:50:00.000Z' }, { step: 24_000, best: false, savedAt: '2026-03-10T12:04:00.000Z' }],
      hasReport: true,
      sizeBytes: 96_000_000,
    }),
    fakeRun({
      id: 'first-try',
      name: 'First try',
      state: 'interrupted',
      reason: 'the trainer ended with signal SIGKILL',
      createdAt: '2026-03-08T20:00:00.000Z',
      updatedAt: '2026-03-08T23:31:00.000Z',
      init: undefined,
      step: 1310,
      imagesPerSecond: undefined,
      etaMs: undefined,
      latest: fakeMetrics(1310, 2000, 0.5),
      checkpoints: [{ step: 1200, best: true, savedAt: '2026-03-08T23:20:00.000Z' }],
      warnings: [
        {
          step: 900,
          code: 'rank-falling',
          message: 'The effective rank of the features fell from 62 to 31 within 400 steps.',
          advice: 'The features use fewer and fewer directions: a collapse on its way. Lower the learning rate (optimiser.lr) or lengthen its warm-up; with small batches raise the teacher momentum.',
        },
        {
          step: 1240,
          code: 'dominant-dimension',
          message: 'One prototype takes nearly every picture: the teacher’s entropy is 0.02 nats.',
          advice: 'Centring no longer balances the sharpening. Raise the teacher temperature (0.04 to 0.07), check that centring is on, and go back to a checkpoint before step 900.',
        },
      ],
    }),
  ],
  models: [
    fakeModel(),
    fakeModel({
      id: 'dinov2-s',
      name: 'dinov2_vits14_reg4',
      origin: 'imported',
      architecture: 'ViT-S/14 · 4 registers',
      dim: 384,
      heads: 6,
      registers: 4,
      parameters: 22_058_112,
      sizeBytes: 88_300_000,
      trained: true,
      description: 'DINOv2 small with registers, from the official checkpoint.',
      importedFrom: '/home/ada/models/dinov2_vits14_reg4_pretrain.pth',
    }),
    fakeModel({
      id: 'dino-b8',
      name: 'dino_vitbase8',
      origin: 'imported',
      family: 'dino',
      architecture: 'ViT-B/8',
      patchSize: 8,
      dim: 768,
      heads: 12,
      parameters: 85_807_872,
      sizeBytes: 343_000_000,
      trained: true,
      description: 'DINO base with patch 8: the teacher of a full training checkpoint.',
      importedFrom: '/home/ada/models/dino_vitbase8_pretrain_full_checkpoint.pth',
      unexpectedKeys: ['head.mlp.0.weight', 'head.mlp.0.bias', 'head.last_layer.weight_g', 'head.last_layer.weight_v'],
    }),
  ],
})

// A run that goes on while one looks.
setInterval(() => {
  for (const run of engine.training.runs()) if (run.state === 'running') engine.training.advance(run.id, 1)
}, 250)

const bridge: DinoscopeBridge = {
  platform: 'desktop',
  engine: {
    post: (message) => {
      engine.port.post(message)
    },
    onMessage: (listener) => engine.port.onMessage(listener),
    onClose: (listener) => engine.port.onClose(listener),
  },
  pickFolder: () => Promise.resolve('/home/ada/Pictures/Field trip'),
  pickModel: () => Promise.resolve('/home/ada/models/dino_deitsmall16_pretrain.pth'),
  pathForFile: (file) => `/home/ada/dropped/${file.name}`,
  onCommand: () => () => undefined,
}
Object.assign(globalThis, {
  dinoscope: bridge,
  /** For looking at what the page does when the engine goes. */
  stopEngine: () => {
    engine.port.close()
  },
})
