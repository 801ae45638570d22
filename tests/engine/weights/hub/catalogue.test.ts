/** @file The catalogue that comes with the program: whole, and true to what is known of the official files. */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { addressOf, readCatalogue } from '../../../../src/engine/weights'
import { temporaryFolder } from '../../../helpers/folders'
import { thrownBy } from '../../../helpers/thrown'

const path = join(import.meta.dirname, '..', '..', '..', '..', 'resources', 'catalogue.json')

describe('the catalogue', () => {
  it('names every official backbone and head once, under an address of its own', async () => {
    const entries = await readCatalogue(path)
    const counts = { backbone: 0, depth: 0, segmentation: 0 }
    for (const { kind } of entries) counts[kind]++
    // Four of DINO, four of DINOv2 without and four with registers; depth: 4 backbones × 2 sets × 3 heads; classes: 4 × 2 × 2.
    expect({ counts, ids: new Set(entries.map(({ id }) => id)).size, urls: new Set(entries.map(({ url }) => url)).size }).toEqual({ counts: { backbone: 12, depth: 24, segmentation: 16 }, ids: 52, urls: 52 })
  })

  it('knows the parameters and addresses of the reference', async () => {
    const entries = new Map((await readCatalogue(path)).map((one) => [one.id, one]))
    const facts = ['dino-vits16', 'dinov2-vits14-reg', 'dinov2-vitg14', 'dinov2-vits14-nyu-linear4', 'dinov2-vitb14-kitti-dpt'].map((id) => [entries.get(id)?.parameters, entries.get(id)?.url.split('/').at(-1)])
    expect(facts).toEqual([
      [21_665_664, 'dino_deitsmall16_pretrain.pth'],
      [22_058_112, 'dinov2_vits14_reg4_pretrain.pth'],
      [1_136_480_768, 'dinov2_vitg14_pretrain.pth'],
      [786_688, 'dinov2_vits14_nyu_linear4_head.pth'],
      [24_193_921, 'dinov2_vitb14_kitti_dpt_head.pth'],
    ])
  })

  it('has every head beside its backbone', async () => {
    const entries = await readCatalogue(path)
    const backbones = new Set(entries.filter(({ kind }) => kind === 'backbone').map(({ id }) => id))
    expect(entries.filter((one) => one.kind !== 'backbone' && !backbones.has(one.backbone))).toEqual([])
  })

  it('that is damaged says so', async () => {
    const folder = await temporaryFolder({ 'catalogue.json': '{"version":1,"entries":[{}]}' })
    expect(await thrownBy(() => readCatalogue(join(folder, 'catalogue.json')))).toMatchObject({ code: 'INTERNAL' })
  })
})

describe('a mirror', () => {
  const entry = { url: 'https://dl.example.com/dinov2/a/a.pth' }

  it('has the same paths', () => {
    expect([addressOf(entry, undefined), addressOf(entry, ''), addressOf(entry, 'http://mirror.local:8080/weights/')]).toEqual([entry.url, entry.url, 'http://mirror.local:8080/weights/dinov2/a/a.pth'])
  })

  it('that is no address is refused', async () => {
    expect(await thrownBy(() => Promise.resolve().then(() => addressOf(entry, 'ftp://mirror')))).toMatchObject({ code: 'BAD_REQUEST' })
  })
})
