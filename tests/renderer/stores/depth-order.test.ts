/** @file The grid in the order of depth: offered where something is measured, followed while it is measured, left where it is not known. */
import { describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import type { DepthNumbers } from '../../../src/engine/contract'
import { useDepthFolderStore } from '../../../src/renderer/stores/depth-folder'
import { useDepthOrderStore } from '../../../src/renderer/stores/depth-order'
import { useLibraryStore } from '../../../src/renderer/stores/library'
import { useModelsStore } from '../../../src/renderer/stores/models'
import { useSettingsStore } from '../../../src/renderer/stores/settings'
import { fakeHead } from '../fake-dense'
import { fakePicture, type FakeEngineOptions } from '../fake-engine'
import { startPage } from '../page'

const numbers = (...median: readonly number[]): DepthNumbers => ({ median: Float32Array.from(median), near: Float32Array.from(median), far: Float32Array.from(median) })
const shown = (): (string | undefined)[] => {
  const library = useLibraryStore()
  return Array.from(library.order.keys(), (position) => library.entryAt(position)?.name)
}

async function openPage(handlers: FakeEngineOptions['handlers']) {
  startPage({
    pictures: ['a', 'b', 'c'].map((name) => fakePicture(name)),
    handlers: { 'heads.list': () => Promise.resolve([fakeHead({ headId: 'rooms', name: 'Rooms' }), fakeHead({ headId: 'foreign', dim: 99 })]), ...handlers },
  })
  await useModelsStore().load()
  await useLibraryStore().open('/photos')
  const depths = useDepthOrderStore()
  await expect.poll(() => depths.heads.map(({ headId }) => headId)).toEqual(['rooms'])
  return depths
}

describe('the order of depth', () => {
  it('is offered by each head that has measured something, and puts the nearest first', async () => {
    const depths = await openPage({ 'depth.numbers': () => Promise.resolve(numbers(3, NaN, 1)) })
    await expect.poll(() => depths.measured.map(({ name }) => name)).toEqual(['Rooms'])
    depths.sortBy('rooms', false)
    await nextTick()
    expect([shown(), useLibraryStore().sort.by, depths.head?.name]).toEqual([['c', 'a', 'b'], 'depth', 'Rooms'])
    depths.sortBy('rooms', true)
    await nextTick()
    expect(shown()).toEqual(['a', 'c', 'b'])
  })

  it('is not offered before anything is measured, and then follows what is', async () => {
    const depths = await openPage({ 'depth.numbers': () => Promise.resolve(numbers(NaN, NaN, NaN)), 'depth.run': () => Promise.resolve(numbers(2, 1, NaN)) })
    const folder = useDepthFolderStore()
    await folder.look('rooms')
    expect([depths.measured, folder.known]).toEqual([[], 0])
    await folder.measure(undefined)
    await expect.poll(() => depths.measured.length).toBe(1)
    depths.sortBy('rooms', false)
    await nextTick()
    expect([shown(), folder.known]).toEqual([['b', 'a', 'c'], 2])
  })

  it('is that of names where the head is gone, and says so', async () => {
    const depths = await openPage({ 'depth.numbers': () => Promise.resolve(numbers(3, 2, 1)) })
    await expect.poll(() => depths.measured.length).toBe(1)
    useSettingsStore().update({ sortBy: 'depth', sortHead: 'removed', sortDescending: true })
    await nextTick()
    expect([shown(), useLibraryStore().sort, depths.head]).toEqual([['a', 'b', 'c'], { by: 'name', descending: false, grouped: false }, undefined])
  })

  it('is the one of the folder that is open', async () => {
    let median = [3, 2, 1]
    const depths = await openPage({ 'depth.numbers': () => Promise.resolve(numbers(...median)) })
    await expect.poll(() => depths.measured.length).toBe(1)
    depths.sortBy('rooms', false)
    await nextTick()
    expect(shown()).toEqual(['c', 'b', 'a'])
    median = [1, 3, 2]
    await useLibraryStore().open('/others')
    await expect.poll(shown).toEqual(['a', 'c', 'b'])
  })

  it('knows what was measured before it was stopped, and which pictures could not be', async () => {
    let known = [NaN, NaN, NaN]
    await openPage({
      'depth.numbers': () => Promise.resolve(numbers(...known)),
      'depth.run': (_request, { signal, emit }) => {
        emit({ kind: 'skipped', problem: { relativePath: 'b', code: 'RUNTIME', reason: 'out of memory' } })
        known = [4, NaN, NaN]
        return new Promise((_resolve, reject) => { signal.addEventListener('abort', () => { reject(signal.reason as Error) }) })
      },
    })
    const folder = useDepthFolderStore()
    await folder.look('rooms')
    const measured = folder.measure(undefined)
    await expect.poll(() => folder.skipped).toEqual([{ relativePath: 'b', code: 'RUNTIME', reason: 'out of memory' }])
    await folder.stop()
    await measured
    expect([folder.known, folder.state.phase]).toEqual([1, 'idle'])
  })
})
