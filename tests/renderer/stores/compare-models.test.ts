/** @file Two models as the page compares them: which they are, the list of what changed, sides, and the picture by both. */
import { describe, expect, it, vi } from 'vitest'
import { EngineError, type Analysis } from '../../../src/engine/contract'
import { useCompareModelsStore } from '../../../src/renderer/stores/compare-models'
import { useComparePictureStore } from '../../../src/renderer/stores/compare-picture'
import { useEmbedStatusStore } from '../../../src/renderer/stores/embed-status'
import { useLibraryStore } from '../../../src/renderer/stores/library'
import { useModelsStore } from '../../../src/renderer/stores/models'
import { fakeModel, fakePicture, type FakeEngineOptions } from '../fake-engine'
import { startPage } from '../page'

const models = [fakeModel({ id: 'demo' }), fakeModel({ id: 'mine', name: 'Mine', patchSize: 16 }), fakeModel({ id: 'third', name: 'Third' })]

async function openPage(options: FakeEngineOptions = {}) {
  startPage({ pictures: ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => fakePicture(`${name}.jpg`)), models, embedded: ['demo'], ...options })
  await useModelsStore().load()
  await useLibraryStore().open('/photos')
  await useEmbedStatusStore().refresh()
  return useCompareModelsStore()
}

describe('useCompareModelsStore', () => {
  it('begins with the model that is looked through and another one, and knows what has to be embedded first', async () => {
    const compare = await openPage()
    expect([compare.sides.a?.id, compare.sides.b?.id, compare.missing]).toEqual(['demo', 'mine', { a: 0, b: 7 }])
    compare.show('third', 'gone')
    expect([compare.sides.a?.id, compare.sides.b?.id]).toEqual(['third', 'demo'])
    // The other side's model changes sides rather than stand on both.
    compare.choose('b', 'third')
    expect([compare.sides.a?.id, compare.sides.b?.id]).toEqual(['demo', 'third'])
  })

  it('has nothing to compare with one model alone', async () => {
    const compare = await openPage({ models: [fakeModel()] })
    await compare.run()
    expect([compare.sides.b, compare.space, compare.state.phase]).toEqual([undefined, undefined, 'idle'])
  })

  it('goes through what changed most, from the first to the last', async () => {
    const compare = await openPage()
    await compare.run()
    const changed = [...(compare.comparison?.changed ?? [])]
    expect([changed.length, compare.row]).toEqual([7, changed[0]])
    compare.step(1)
    compare.step(1)
    expect(compare.row).toBe(changed[2])
    compare.step(-9)
    expect(compare.row).toBe(changed[0])
    compare.step(99)
    expect(compare.row).toBe(changed[6])
    expect(changed.map((row) => compare.overlapOf(row))).toEqual(changed.map((row) => compare.comparison?.overlaps[row]))
  })

  it('keeps the result when sides change, seen from the other side; another model takes it away', async () => {
    const compare = await openPage()
    await compare.run()
    const before = compare.comparison
    compare.swap()
    await Promise.resolve()
    expect(compare.comparison).toMatchObject({ comparisonId: before?.comparisonId, modelA: 'mine', modelB: 'demo', accuracy: { a: before?.accuracy?.b, b: before?.accuracy?.a } })
    compare.choose('b', 'third')
    await vi.waitFor(() => { expect(compare.comparison).toBeUndefined() })
    expect(compare.state.phase).toBe('idle')
  })

  it('says why it failed', async () => {
    const compare = await openPage({ handlers: { 'compare.models': () => Promise.reject(new EngineError('NOT_FOUND', 'only 2 of the pictures have vectors')) } })
    await compare.run()
    expect(compare.state).toMatchObject({ phase: 'failed', problem: { message: 'only 2 of the pictures have vectors' } })
  })
})

describe('useComparePictureStore', () => {
  const ready = async (options: FakeEngineOptions = {}) => {
    const compare = await openPage(options)
    const picture = useComparePictureStore()
    picture.shown = true
    await compare.run()
    await vi.waitFor(() => { expect([picture.colours, picture.neighbours].includes(undefined)).toBe(false) })
    return { compare, picture }
  }

  it('looks with both models, and points at the same place in both grids', async () => {
    const { picture } = await ready()
    const [a, b] = [picture.analysisOf('a')!, picture.analysisOf('b')!]
    expect([a.modelId, b.modelId, a.gridWidth === b.gridWidth]).toEqual(['demo', 'mine', false])
    picture.pin({ x: 0.51, y: 0.49 })
    await vi.waitFor(() => { expect(picture.similarity).toBeDefined() })
    expect([picture.mode, picture.similarity?.a?.patch, picture.similarity?.b?.patch]).toEqual(['similarity', picture.patchOf('a', picture.place), picture.patchOf('b', picture.place)])
    expect([picture.letGo(), picture.letGo(), picture.place]).toEqual([true, false, undefined])
  })

  it('has the neighbours of each side on that side, after a change of sides too', async () => {
    const { compare, picture } = await ready()
    const before = picture.neighbours
    compare.swap()
    await vi.waitFor(() => { expect(picture.neighbours?.a.rows).toEqual(before?.b.rows) })
    expect(picture.neighbours?.b.rows).toEqual(before?.a.rows)
    await vi.waitFor(() => { expect(picture.analysisOf('a')?.modelId).toBe('mine') })
  })

  it('looks once more at what the engine has forgotten, and then says that it cannot', async () => {
    let calls = 0
    const forgotten = (): Promise<never> => {
      calls += 1
      return Promise.reject(new EngineError('NOT_FOUND', 'this analysis is no longer kept; look at the picture again'))
    }
    const compare = await openPage({ handlers: { 'compare.colours': forgotten } })
    const picture = useComparePictureStore()
    picture.shown = true
    await compare.run()
    await vi.waitFor(() => { expect(picture.problem?.code).toBe('NOT_FOUND') })
    expect(calls).toBe(2)
  })

  it('has the next picture looked at before it is asked for', async () => {
    const asked: string[] = []
    const { compare } = await ready({
      handlers: {
        'view.analyse': ({ imageId, modelId }) => {
          asked.push(`${modelId} ${imageId}`)
          return Promise.resolve({ analysisId: `${modelId} ${imageId}`, imageId, modelId } as Analysis)
        },
        'compare.colours': () => Promise.resolve({ left: new Uint8Array(3), right: new Uint8Array(3), agreement: 1 }),
      },
    })
    const idOf = (place: number): string => useLibraryStore().entryOfRow(compare.comparison!.changed[place]!)!.id
    const [here, next, afterNext] = [idOf(0), idOf(1), idOf(2)]
    await vi.waitFor(() => { expect(asked).toEqual([`demo ${here}`, `mine ${here}`, `demo ${next}`, `mine ${next}`]) })
    compare.step(1)
    await vi.waitFor(() => { expect(asked.slice(4)).toEqual([`demo ${afterNext}`, `mine ${afterNext}`]) })
  })

  it('looks at nothing while it is not seen', async () => {
    const compare = await openPage()
    const picture = useComparePictureStore()
    await compare.run()
    expect([compare.row === undefined, picture.imageId, picture.sides.a.phase]).toEqual([false, undefined, 'empty'])
  })
})
