/** @file What is chosen follows the open folder, can be undone, and is one for all views. */
import { describe, expect, it } from 'vitest'
import { useLibraryStore } from '../../../src/renderer/stores/library'
import { useSelectionStore } from '../../../src/renderer/stores/selection'
import { fakePicture } from '../fake-engine'
import { startPage } from '../page'

const openFive = async () => {
  startPage({ pictures: ['a', 'b', 'c', 'd', 'e'].map((name) => fakePicture(`${name}.jpg`)) })
  const library = useLibraryStore()
  const selection = useSelectionStore()
  await library.open('/photos')
  return { library, selection }
}

describe('useSelectionStore', () => {
  it('chooses, adds, takes, toggles and inverts', async () => {
    const { selection } = await openFive()
    const steps: (readonly number[])[] = []
    const note = (): void => {
      steps.push([...selection.rows()])
    }
    selection.set([1, 2]); note()
    selection.add([2, 4]); note()
    selection.take([1]); note()
    selection.toggle(0); note()
    selection.toggle(4); note()
    selection.invert(); note()
    selection.clear(); note()
    expect(steps).toEqual([[1, 2], [1, 2, 4], [2, 4], [0, 2, 4], [0, 2], [1, 3, 4], []])
  })

  it('counts and tells of every change, and of nothing else', async () => {
    const { selection } = await openFive()
    const before = selection.version
    selection.set([3])
    selection.add([3])
    selection.take([1])
    expect([selection.count, selection.version - before, selection.has(3), selection.has(1)]).toEqual([1, 1, true, false])
  })

  it('takes changes back and makes them again', async () => {
    const { selection } = await openFive()
    selection.set([1, 2])
    selection.set([4])
    selection.undo()
    expect([[...selection.rows()], selection.count, selection.canUndo, selection.canRedo]).toEqual([[1, 2], 2, true, true])
    selection.undo()
    selection.undo()
    expect([[...selection.rows()], selection.canUndo]).toEqual([[], false])
    selection.redo()
    selection.redo()
    selection.redo()
    expect([[...selection.rows()], selection.canRedo]).toEqual([[4], false])
  })

  it('chooses all that is shown, besides what was chosen', async () => {
    const { library, selection } = await openFive()
    selection.set([0])
    library.addFilter({ id: 'x', kind: 'state', label: 'x', keeps: (row) => row >= 3 })
    selection.selectAllShown()
    expect([...selection.rows()]).toEqual([0, 3, 4])
  })

  it('names the rows of a scope in their own order, whatever order is shown', async () => {
    const { library, selection } = await openFive()
    selection.set([4, 1])
    library.ranking = { rows: Uint32Array.of(3, 0, 2), scores: Float32Array.of(3, 2, 1) }
    const scopes = ['all', 'shown', 'selected'] as const
    expect(scopes.map((scope) => [selection.rowsIn(scope), selection.countIn(scope)])).toEqual([
      [undefined, 5], [Uint32Array.of(0, 2, 3), 3], [Uint32Array.of(1, 4), 2],
    ])
  })

  it('is empty in another folder, without a way back', async () => {
    const { library, selection } = await openFive()
    selection.set([1, 2])
    await library.open('/other')
    expect([[...selection.rows()], selection.count, selection.canUndo, selection.has(1)]).toEqual([[], 0, false, false])
  })
})
