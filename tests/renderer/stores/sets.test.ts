/** @file Selections and tags: saved from what is chosen, shown in the grid, changed, removed and brought back. */
import { describe, expect, it } from 'vitest'
import { EngineError } from '../../../src/engine/contract'
import { useLibraryStore } from '../../../src/renderer/stores/library'
import { useNoticesStore } from '../../../src/renderer/stores/notices'
import { useSelectionStore } from '../../../src/renderer/stores/selection'
import { useSetsStore } from '../../../src/renderer/stores/sets'
import { fakePicture, type FakeEngineOptions } from '../fake-engine'
import { startPage } from '../page'

const openPage = async (options: FakeEngineOptions = {}) => {
  startPage({ pictures: ['a', 'b', 'c', 'd'].map((name) => fakePicture(name)), ...options })
  const library = useLibraryStore()
  await library.open('/photos')
  const sets = useSetsStore()
  const selection = useSelectionStore()
  return { library, sets, selection, shown: () => [...library.order] }
}

describe('useSetsStore', () => {
  it('saves what is chosen and shows it alone', async () => {
    const { library, sets, shown } = await openPage()
    const birds = await sets.create('selection', 'Birds', Uint32Array.of(1, 3))
    const blurred = await sets.create('tag', 'blurred', Uint32Array.of(3))
    expect([sets.selections.map(({ name, here }) => [name, here]), sets.tags.map(({ name }) => name)]).toEqual([[['Birds', 2]], ['blurred']])
    if (birds === undefined || blurred === undefined) throw new Error('nothing was saved')
    await sets.toggleShown(birds)
    expect([shown(), sets.isShown(birds.setId), library.filters.map(({ kind, label }) => [kind, label])]).toEqual([[1, 3], true, [['selection', 'Birds']]])
    await sets.toggleShown(blurred)
    expect(shown()).toEqual([3])
    await sets.toggleShown(birds)
    await sets.toggleShown(blurred)
    expect(shown()).toEqual([0, 1, 2, 3])
  })

  it('adds and takes out, and the grid follows', async () => {
    const { sets, selection, shown } = await openPage()
    const birds = await sets.create('selection', 'Birds', Uint32Array.of(1, 3))
    if (birds === undefined) throw new Error('nothing was saved')
    await sets.toggleShown(birds)
    await sets.add(birds, Uint32Array.of(0))
    await sets.takeOut(birds, Uint32Array.of(3))
    expect(shown()).toEqual([0, 1])
    await sets.rename(birds, 'Gulls')
    await sets.select(birds)
    expect([[...selection.rows()], sets.selections.map(({ name }) => name)]).toEqual([[0, 1], ['Gulls']])
  })

  it('removes with a way back', async () => {
    const { library, sets } = await openPage()
    const birds = await sets.create('selection', 'Birds', Uint32Array.of(1))
    if (birds === undefined) throw new Error('nothing was saved')
    await sets.toggleShown(birds)
    await sets.remove(birds)
    expect([sets.sets, library.filters]).toEqual([[], []])
    const notice = useNoticesStore().notices.at(-1)
    expect(notice).toMatchObject({ kind: 'info', text: 'The selection Birds was removed.', action: { label: 'Undo' } })
    await sets.restore(birds)
    expect(sets.sets).toEqual([birds])
  })

  it('tells what could not be done and changes nothing', async () => {
    const { sets } = await openPage({ handlers: { 'sets.create': () => Promise.reject(new EngineError('BUSY', 'the workspace is in use')) } })
    expect(await sets.create('tag', 'x', Uint32Array.of(1))).toBeUndefined()
    expect([sets.sets, useNoticesStore().notices.at(-1)]).toMatchObject([[], { kind: 'problem', text: 'The tag could not be saved: the workspace is in use' }])
  })
})
