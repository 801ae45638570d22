/** @file Puts a fake desktop shell under the page before it starts, so that it can be looked at without an engine. */
import type { DinoscopeBridge } from '../../../src/preload/contract'
import { createFakeEngine, fakeModel, type FakePicture } from '../fake-engine'

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

const pictures = (await (await fetch('/harness/pictures.json')).json()) as readonly FakePicture[]
const engine = createFakeEngine({
  pictures,
  pause: wait,
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
