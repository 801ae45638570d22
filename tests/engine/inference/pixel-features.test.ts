import { describe, expect, it } from 'vitest'
import { pixelFeatures } from '../../../src/engine/inference'
import { thrownBy } from '../../helpers/thrown'

describe('raw pixels as features', () => {
  it('are normalised per channel, a row for each picture', () => {
    const grey = { rgb: Uint8Array.from([0, 0, 0]), height: 1, width: 1 }
    const white = { rgb: Uint8Array.from([255, 255, 255]), height: 1, width: 1 }
    const expected = [0, 1].flatMap((value) => [(value - 0.485) / 0.229, (value - 0.456) / 0.224, (value - 0.406) / 0.225])
    expect(pixelFeatures([grey, white])).toEqual(Float32Array.from(expected))
  })

  it('need pictures of one size', async () => {
    const pictures = [{ rgb: new Uint8Array(3), height: 1, width: 1 }, { rgb: new Uint8Array(6), height: 1, width: 2 }]
    expect(await thrownBy(() => pixelFeatures(pictures))).toMatchObject({ code: 'BAD_REQUEST', message: 'pixelFeatures: a picture of 1 × 2 has not the 1 pixels of the first' })
  })
})
