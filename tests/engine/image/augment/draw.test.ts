import { describe, expect, it } from 'vitest'
import type { CropRecipe } from '../../../../src/engine/image'
import { drawCrop, type CropDraws } from '../../../../src/engine/image/augment/draw'
import { randomStreamAt } from '../../../../src/engine/tensor'
import { correlation, deviationsFrom, distanceFromUniform } from '../../../helpers/statistics'
import { dinoGlobal, dinoLocal, everything, nothing } from './recipes'

const count = 4000
const square = { width: 1000, height: 1000 }

function drawMany(recipe: CropRecipe, picture = square, crop = 0): readonly CropDraws[] {
  return Array.from({ length: count }, (_, image) => drawCrop(picture, recipe, randomStreamAt(1, 'augment', 0, image, crop)))
}

const locals = drawMany(dinoLocal)
const jittered = drawMany({ ...everything, blur: { ...everything.blur, sigma: [0.1, 2] } })
const amountsOf = (operation: string): readonly number[] => jittered.map(({ jitter }) => jitter.find((step) => step.operation === operation)?.amount ?? NaN)

describe('drawCrop', () => {
  it('decides as often as the recipe says', () => {
    const draws = drawMany(dinoGlobal)
    const share = (holds: (draw: CropDraws) => boolean, probability: number): number => deviationsFrom(probability, draws.filter(holds).length, count)
    const off = {
      flip: share(({ flip }) => flip, 0.5),
      jitter: share(({ jitter }) => jitter.length === 4, 0.8),
      grayscale: share(({ grayscale }) => grayscale, 0.2),
      blur: share(({ blurSigma }) => blurSigma !== undefined, 0.1),
      solarize: share(({ solarize }) => solarize, 0.2),
    }
    expect(Object.entries(off).filter(([, deviations]) => !(deviations < 4))).toEqual([])
  })

  it('always does what has probability 1 and never what has 0', () => {
    const happened = ({ flip, jitter, grayscale, blurSigma, solarize }: CropDraws): readonly boolean[] => [flip, jitter.length > 0, grayscale, blurSigma !== undefined, solarize]
    expect({ always: drawMany(everything).every((draw) => happened(draw).every(Boolean)), never: !drawMany(nothing).some((draw) => happened(draw).some(Boolean)) }).toEqual({ always: true, never: true })
  })

  it('draws amounts uniformly from their whole ranges', () => {
    const distances = {
      brightness: distanceFromUniform(amountsOf('brightness'), 0.6, 1.4),
      contrast: distanceFromUniform(amountsOf('contrast'), 0.6, 1.4),
      saturation: distanceFromUniform(amountsOf('saturation'), 0.8, 1.2),
      hue: distanceFromUniform(amountsOf('hue'), -0.1, 0.1),
      sigma: distanceFromUniform(jittered.map(({ blurSigma }) => blurSigma ?? NaN), 0.1, 2),
    }
    expect(Object.entries(distances).filter(([, distance]) => !(distance < 1.95))).toEqual([])
  })

  it('never lets a factor fall below 0', () => {
    const draws = drawMany({ ...everything, jitter: { ...everything.jitter, brightness: 1.5 } })
    const factors = draws.map(({ jitter }) => jitter.find(({ operation }) => operation === 'brightness')?.amount ?? NaN)
    expect(distanceFromUniform(factors, 0, 2.5)).toBeLessThan(1.95)
  })

  it('jitters in each of the 24 orders equally often', () => {
    const orders = new Map<string, number>()
    for (const { jitter } of jittered) {
      const order = jitter.map(({ operation }) => operation).join()
      orders.set(order, (orders.get(order) ?? 0) + 1)
    }
    expect({ orders: orders.size, off: [...orders.values()].filter((hits) => deviationsFrom(1 / 24, hits, count) >= 4) }).toEqual({ orders: 24, off: [] })
  })

  it('leaves out operations of amount 0', () => {
    const draws = drawMany({ ...everything, jitter: { probability: 1, brightness: 0.4, contrast: 0, saturation: 0.2, hue: 0 } })
    expect(new Set(draws.map(({ jitter }) => jitter.map(({ operation }) => operation).sort().join()))).toEqual(new Set(['brightness,saturation']))
  })

  it('takes boxes of uniform area, log-uniform aspect and uniform place', () => {
    const boxes = locals.map(({ box }) => box)
    const distances = {
      area: distanceFromUniform(boxes.map(({ width, height }) => (width * height) / 1e6), 0.05, 0.4),
      aspect: distanceFromUniform(boxes.map(({ width, height }) => Math.log(width / height)), Math.log(3 / 4), Math.log(4 / 3)),
      left: distanceFromUniform(boxes.map(({ left, width }) => (left + 0.5) / (1001 - width))),
      top: distanceFromUniform(boxes.map(({ top, height }) => (top + 0.5) / (1001 - height))),
    }
    expect(Object.entries(distances).filter(([, distance]) => !(distance < 1.95))).toEqual([])
  })

  it('draws independently: no decision or amount goes with another, nor with that of the next crop', () => {
    const numbers = (draws: readonly CropDraws[]): Readonly<Record<string, readonly number[]>> => ({
      flip: draws.map(({ flip }) => Number(flip)),
      jitter: draws.map(({ jitter }) => Number(jitter.length > 0)),
      grayscale: draws.map(({ grayscale }) => Number(grayscale)),
      blur: draws.map(({ blurSigma }) => Number(blurSigma !== undefined)),
      area: draws.map(({ box }) => box.width * box.height),
      aspect: draws.map(({ box }) => Math.log(box.width / box.height)),
      left: draws.map(({ box }) => box.left / (1001 - box.width)),
      top: draws.map(({ box }) => box.top / (1001 - box.height)),
    })
    const columns = [...Object.entries(numbers(locals)), ...Object.entries(numbers(drawMany(dinoLocal, square, 1))).map(([name, values]) => [`next ${name}`, values] as const)]
    const pairs = columns.flatMap(([name, values], index) => columns.slice(index + 1).map(([other, others]) => ({ pair: `${name}, ${other}`, r: correlation(values, others) })))
    expect(pairs.filter(({ r }) => !(Math.abs(r) < 4.5 / Math.sqrt(count)))).toEqual([])
  })

  it.each([
    ['picture', { width: 37, height: 900 }, dinoLocal],
    ['probability of the jitter', square, { ...dinoLocal, jitter: { ...dinoLocal.jitter, probability: 0 } }],
    ['probability of the blur', square, { ...dinoLocal, blur: { ...dinoLocal.blur, probability: 1 } }],
    ['scale', square, { ...dinoLocal, scale: [0.9, 1] }],
  ] as const)('decides the same where only another %s is given', (changed, picture, recipe) => {
    const untouched = ({ flip, grayscale, solarize, blurSigma, jitter }: CropDraws): unknown => ({
      flip,
      grayscale,
      solarize,
      ...(changed === 'probability of the blur' ? {} : { blurSigma }),
      ...(changed === 'probability of the jitter' ? {} : { jitter }),
    })
    expect(drawMany(recipe, picture).map(untouched)).toEqual(locals.map(untouched))
  })
})

describe('the box of a crop', () => {
  it.each([
    [1, 1],
    [2, 1],
    [3, 5],
    [1, 1000],
    [1000, 1],
    [640, 480],
    [100, 133],
    [4000, 2100],
  ])('lies inside a picture of %i × %i', (width, height) => {
    const outside = [...drawMany(dinoLocal, { width, height }), ...drawMany(dinoGlobal, { width, height })].filter(
      ({ box }) => box.width < 1 || box.height < 1 || box.left < 0 || box.top < 0 || box.left + box.width > width || box.top + box.height > height,
    )
    expect(outside).toEqual([])
  })

  it.each([
    // A picture of one pixel has no smaller part.
    [{ width: 1, height: 1 }, { left: 0, top: 0, width: 1, height: 1 }],
    // No box of these areas fits a strip, so the largest of an allowed aspect in its middle is taken.
    [{ width: 1000, height: 9 }, { left: 494, top: 0, width: 12, height: 9 }],
    [{ width: 30, height: 999 }, { left: 0, top: 479, width: 30, height: 40 }],
  ])('is in the centre where none of ten fits: %j', (picture, box) => {
    expect(new Set(drawMany(dinoGlobal, picture).map((draw) => JSON.stringify(draw.box)))).toEqual(new Set([JSON.stringify(box)]))
  })
})
