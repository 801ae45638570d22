/** @file Clicks and keys choose tiles as they do in every file manager, in the order that is shown. */
import { describe, expect, it } from 'vitest'
import { useLibraryStore } from '../../../../src/renderer/stores/library'
import { useSelectionStore } from '../../../../src/renderer/stores/selection'
import { rowsBetween, useGridSelection } from '../../../../src/renderer/views/library/use-grid-selection'
import { fakePicture } from '../../fake-engine'
import { startPage } from '../../page'

const plain = { shiftKey: false, ctrlKey: false, metaKey: false }
const ctrl = { ...plain, ctrlKey: true }
const shift = { ...plain, shiftKey: true }

/** Shown in the order of their names: rows 4, 3, 2, 1, 0. */
const openGrid = async () => {
  startPage({ pictures: ['e', 'd', 'c', 'b', 'a'].map((name) => fakePicture(`${name}.jpg`)) })
  const library = useLibraryStore()
  await library.open('/photos')
  const selection = useSelectionStore()
  const grid = useGridSelection()
  const focus = (position: number): void => {
    library.activeId = library.entryAt(position)?.id
  }
  return { library, grid, focus, chosen: () => [...selection.rows()] }
}

describe('useGridSelection', () => {
  it('chooses the clicked tile alone, toggles with Ctrl or Cmd', async () => {
    const { grid, chosen } = await openGrid()
    grid.pick(0, plain)
    grid.pick(2, ctrl)
    grid.pick(3, { ...plain, metaKey: true })
    grid.pick(2, ctrl)
    expect(chosen()).toEqual([1, 4])
    grid.pick(1, plain)
    expect(chosen()).toEqual([3])
    grid.pick(9, plain)
    expect(chosen()).toEqual([3])
  })

  it('chooses with Shift from the tile last chosen by itself, both ways, and adds with Ctrl', async () => {
    const { grid, chosen } = await openGrid()
    grid.pick(1, plain)
    grid.pick(3, shift)
    expect(chosen()).toEqual([1, 2, 3])
    grid.pick(0, shift)
    expect(chosen()).toEqual([3, 4])
    grid.pick(4, ctrl)
    grid.pick(3, { ...shift, ctrlKey: true })
    expect(chosen()).toEqual([0, 1, 3, 4])
  })

  it('follows the order that is shown, also after it has changed', async () => {
    const { library, grid, chosen } = await openGrid()
    grid.pick(0, plain)
    library.ranking = { rows: Uint32Array.of(2, 4, 0), scores: Float32Array.of(3, 2, 1) }
    grid.pick(2, shift)
    expect(chosen()).toEqual([0, 4])
  })

  it('begins a range at the focus where nothing was clicked, and extends it by keys', async () => {
    const { grid, focus, chosen } = await openGrid()
    focus(2)
    grid.extend(3)
    focus(3)
    grid.extend(4)
    expect(chosen()).toEqual([0, 1, 2])
    focus(4)
    grid.toggleFocused()
    expect(chosen()).toEqual([1, 2])
  })

  it('opens a menu for the selection, or for a tile outside of it alone', async () => {
    const { grid, chosen } = await openGrid()
    grid.pick(1, plain)
    grid.pick(2, ctrl)
    grid.pickForMenu(2)
    expect(chosen()).toEqual([2, 3])
    grid.pickForMenu(4)
    expect(chosen()).toEqual([0])
  })
})

describe('rowsBetween', () => {
  it('has both ends, whichever comes first', () => {
    const order = Uint32Array.of(9, 8, 7, 6)
    expect([[...rowsBetween(order, 1, 2)], [...rowsBetween(order, 3, 1)], [...rowsBetween(order, 2, 2)]]).toEqual([[8, 7], [8, 7, 6], [7]])
  })
})
