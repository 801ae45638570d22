/** @file Where the crops of a batch lie, and what is refused. */
import { describe, expect, it } from 'vitest'
import { batchBytes } from '../../../../src/engine/train/data'
import { groupViews, layOut } from '../../../../src/engine/train/data/layout'
import { thrownBy } from '../../../helpers/thrown'
import { cropGroups, cropRecipe } from './support'

describe('layOut', () => {
  it('places group behind group and counts crops over all of them', () => {
    const layout = layOut({ groups: cropGroups, batch: 4, patchSize: 8 })
    expect({ crops: layout.crops, values: layout.values, places: layout.groups.map(({ size, firstCrop, cropValues, offset, values }) => ({ size, firstCrop, cropValues, offset, values })) }).toEqual({
      crops: 5,
      values: 6144 + 2304,
      places: [
        { size: 16, firstCrop: 0, cropValues: 768, offset: 0, values: 6144 },
        { size: 8, firstCrop: 2, cropValues: 192, offset: 6144, values: 2304 },
      ],
    })
    expect(groupViews(layout, new Float32Array(layout.values)).map(({ byteOffset, length }) => ({ byteOffset, length }))).toEqual([
      { byteOffset: 0, length: 6144 },
      { byteOffset: 24576, length: 2304 },
    ])
    expect(batchBytes({ groups: cropGroups, batch: 4, patchSize: 8 })).toBe(8448 * 4)
  })

  it.each([
    { name: 'no crops', groups: [], message: 'layOut: there are no crops to make' },
    { name: 'half patches', groups: [{ size: 20, crops: [cropRecipe(20)] }], message: 'layOut: crops of 20 pixels are not whole patches of 8; choose a multiple of 8' },
    { name: 'a crop of another size', groups: [{ size: 16, crops: [cropRecipe(16), cropRecipe(24)] }], message: 'layOut: a crop of 24 pixels lies in the group of 16' },
  ])('refuses $name', async ({ groups, message }) => {
    expect(await thrownBy(() => layOut({ groups, batch: 4, patchSize: 8 }))).toMatchObject({ code: 'BAD_REQUEST', message })
  })
})
