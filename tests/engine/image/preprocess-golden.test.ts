/** @file The evaluation transform against what torchvision made of the same files, for every file the goldens hold. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { prepareEvaluation, readImageFile, writePatchRows } from '../../../src/engine/image'
import { readGoldenTensors } from '../../helpers/golden-tensors'

const folder = join(process.env.DINOSCOPE_GOLDENS ?? join(import.meta.dirname, '../../fixtures/goldens'), 'preprocess')
const expectedFile = join(folder, 'expected.safetensors')
const cases = existsSync(expectedFile) ? [...readGoldenTensors(expectedFile)] : []

const mean = [0.485, 0.456, 0.406] as const
const std = [0.229, 0.224, 0.225] as const
/** What the goldens ask for. */
const tolerance = 0.006

describe('preprocessing goldens', () => {
  it('are found', () => {
    expect(cases.length, `pictures named in ${expectedFile}`).toBeGreaterThan(0)
  })

  it.each(cases)('%s agrees with torchvision', async (name, expected) => {
    const [, height = 0, width = 0] = expected.shape
    const prepared = await prepareEvaluation(await readImageFile(join(folder, name)), { shortEdge: 256, crop: height }, 1)
    // Patches of one pixel: row = pixel, column = channel.
    const rows = new Float32Array(height * width * 3)
    writePatchRows(prepared, 1, mean, std, rows, 0)
    let sum = 0
    for (let channel = 0; channel < 3; channel++) {
      for (let pixel = 0; pixel < height * width; pixel++) {
        sum += Math.abs((rows[pixel * 3 + channel] ?? NaN) - (expected.data[channel * height * width + pixel] ?? NaN))
      }
    }
    expect({ height: prepared.height, width: prepared.width, agrees: sum / rows.length <= tolerance }).toEqual({ height, width, agrees: true })
  })
})
