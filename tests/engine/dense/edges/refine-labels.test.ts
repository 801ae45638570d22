/** @file Labels of patches at the edges of pictures whose edges are known. */
import { describe, expect, it } from 'vitest'
import { refineLabels } from '../../../../src/engine/dense'
import type { EdgeMethod } from '../../../../src/engine/contract'
import { randomStream } from '../../../../src/engine/tensor'

const patch = 14
const methods: readonly EdgeMethod[] = ['guided', 'bilateral']
const running = new AbortController().signal

interface Scene {
  readonly height: number
  readonly width: number
  readonly rgb: Uint8Array
  readonly truth: Uint8Array
}

/** A noisy picture of things that `labelAt` tells apart, each of its own colour. */
function paint(height: number, width: number, colours: readonly (readonly [number, number, number])[], labelAt: (x: number, y: number) => number): Scene {
  const random = randomStream(7)
  const truth = new Uint8Array(height * width)
  const rgb = new Uint8Array(3 * height * width)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const label = labelAt(x, y)
      truth[y * width + x] = label
      for (let channel = 0; channel < 3; channel++) rgb[3 * (y * width + x) + channel] = Math.max(0, Math.min(255, Math.round(colours[label]![channel]! + 4 * random.normal())))
    }
  return { height, width, rgb, truth }
}

/** The label that most pixels of each patch have: the best that patches can tell. */
function patchLabels({ height, width, truth }: Scene): { readonly labels: Uint8Array; readonly grid: { readonly height: number; readonly width: number } } {
  const grid = { height: height / patch, width: width / patch }
  const labels = new Uint8Array(grid.height * grid.width)
  for (let cell = 0; cell < labels.length; cell++) {
    const counts = new Map<number, number>()
    const [row, column] = [Math.floor(cell / grid.width) * patch, (cell % grid.width) * patch]
    for (let y = row; y < row + patch; y++)
      for (let x = column; x < column + patch; x++) {
        const label = truth[y * width + x]!
        counts.set(label, (counts.get(label) ?? 0) + 1)
      }
    labels[cell] = [...counts].sort(([a, n], [b, m]) => m - n || a - b)[0]![0]
  }
  return { labels, grid }
}

/** Wrong pixels for each pixel of true border: how far off the border is, on average. */
function borderError({ height, width, truth }: Scene, labels: ArrayLike<number>): number {
  let [wrong, border] = [0, 0]
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = y * width + x
      if (labels[at] !== truth[at]) wrong++
      if ((x + 1 < width && truth[at + 1] !== truth[at]) || (y + 1 < height && truth[at + width] !== truth[at])) border++
    }
  return wrong / border
}

function enlarged(labels: Uint8Array, gridWidth: number, { height, width }: Scene): Uint8Array {
  return Uint8Array.from({ length: height * width }, (_, at) => labels[Math.floor(Math.floor(at / width) / patch) * gridWidth + Math.floor((at % width) / patch)]!)
}

const disc = paint(224, 308, [[60, 90, 160], [210, 140, 60]], (x, y) => ((x - 150) ** 2 + (y - 105) ** 2 < 70 ** 2 ? 1 : 0))
const stripes = paint(224, 224, [[200, 60, 60], [60, 180, 80], [70, 70, 200], [230, 220, 120]], (x, y) => Math.min(3, Math.floor((x + 0.4 * y) / 80)))

describe('refineLabels', () => {
  it.each(methods.flatMap((method) => [{ method, name: 'disc', scene: disc }, { method, name: 'stripes', scene: stripes }]))('puts borders of a $name where the picture has them, $method', async ({ method, scene }) => {
    const { labels, grid } = patchLabels(scene)
    const refined = await refineLabels(scene, labels, grid, method, running)
    const raw = borderError(scene, enlarged(labels, grid.width, scene))
    expect(raw).toBeGreaterThan(2.5)
    expect(borderError(scene, refined)).toBeLessThan(0.7)
  })

  it.each(methods)('keeps the kind of array and treats none as a label of its own, %s', async (method) => {
    const { labels, grid } = patchLabels(disc)
    const wide = Uint16Array.from(labels, (label) => (label === 0 ? 65535 : 1000))
    const narrow = await refineLabels(disc, labels.map((label) => (label === 0 ? 255 : 9)), grid, method, running)
    const refined = await refineLabels(disc, wide, grid, method, running)
    expect(refined).toBeInstanceOf(Uint16Array)
    expect(new Set(refined)).toEqual(new Set([65535, 1000]))
    expect(Uint8Array.from(refined, (label) => (label === 65535 ? 255 : 9))).toEqual(narrow)
  })

  it.each(methods)('leaves borders within half a patch where the picture has one colour, %s', async (method) => {
    const [height, width] = [112, 112]
    const plain = { height, width, rgb: new Uint8Array(3 * height * width).fill(128) }
    const labels = Uint8Array.from({ length: 64 }, (_, cell) => (cell % 8 < 4 ? 0 : 1))
    const refined = await refineLabels(plain, labels, { height: 8, width: 8 }, method, running)
    for (let at = 0; at < refined.length; at++) {
      const x = at % width
      if (Math.abs(x - width / 2) > patch / 2) expect(refined[at]).toBe(x < width / 2 ? 0 : 1)
    }
  })

  it.each(methods)('answers for one pixel, for one patch and for a grid finer than the picture, %s', async (method) => {
    const one = await refineLabels({ height: 1, width: 1, rgb: Uint8Array.of(1, 2, 3) }, Uint8Array.of(4), { height: 1, width: 1 }, method, running)
    const patchOnly = await refineLabels({ height: 14, width: 14, rgb: new Uint8Array(588) }, Uint8Array.of(255), { height: 1, width: 1 }, method, running)
    const finer = await refineLabels({ height: 2, width: 3, rgb: new Uint8Array(18) }, new Uint8Array(24).fill(6), { height: 4, width: 6 }, method, running)
    expect({ one, patchOnly, finer }).toEqual({ one: Uint8Array.of(4), patchOnly: new Uint8Array(196).fill(255), finer: new Uint8Array(6).fill(6) })
  })

  it('gives the same for a label whether it is filtered over its part of the picture or over all of it', async () => {
    // A distant patch of the same label makes its region the whole picture.
    const scene = paint(280, 280, [[60, 90, 160], [210, 140, 60]], (x, y) => ((x - 60) ** 2 + (y - 60) ** 2 < 35 ** 2 ? 1 : 0))
    const { labels, grid } = patchLabels(scene)
    const far = Uint8Array.from(labels)
    far[far.length - 1] = 1
    const [near, whole] = [await refineLabels(scene, labels, grid, 'guided', running), await refineLabels(scene, far, grid, 'guided', running)]
    const corner = (all: Uint8Array): Uint8Array => all.filter((_, at) => at % 280 < 168 && at < 168 * 280)
    expect(corner(near)).toEqual(corner(whole))
  })

  it('stops when it is cancelled and names sizes that do not fit', async () => {
    const cancelled = AbortSignal.abort(new Error('enough'))
    const { labels, grid } = patchLabels(disc)
    await expect(refineLabels(disc, labels, grid, 'guided', cancelled)).rejects.toThrow('enough')
    await expect(refineLabels(disc, labels, { height: 3, width: 4 }, 'guided', running)).rejects.toMatchObject({ code: 'BAD_REQUEST', message: '352 labels do not fit 3 × 4 patches' })
  })
})
