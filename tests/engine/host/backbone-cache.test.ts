/** @file Models are kept while they are used, freed when others take their place, and never freed under a running request. */
import { describe, expect, it } from 'vitest'
import { createAnalyses } from '../../../src/engine/host/analyses'
import { createBackboneCache, type BackboneCache, type Disposable } from '../../../src/engine/host/backbone-cache'

interface FakeBackbone extends Disposable {
  readonly name: string
}

function fixture(capacity: number, failing: ReadonlySet<string> = new Set()): { readonly cache: BackboneCache<FakeBackbone>; readonly log: string[] } {
  const log: string[] = []
  const cache = createBackboneCache<FakeBackbone>(
    capacity,
    (name) => {
      log.push(`load ${name}`)
      if (failing.has(name)) return Promise.reject(new Error(`no ${name}`))
      return Promise.resolve({
        name,
        dispose: () => {
          log.push(`free ${name}`)
          return Promise.resolve()
        },
      })
    },
    (name) => log.push(`forget ${name}`),
  )
  return { cache, log }
}

const nameOf = ({ name }: FakeBackbone): Promise<string> => Promise.resolve(name)

describe('the backbone cache', () => {
  it('loads a model once, also for two requests at a time', async () => {
    const { cache, log } = fixture(2)
    expect([await Promise.all([cache.use('a', nameOf), cache.use('a', nameOf)]), await cache.use('a', nameOf), log]).toEqual([['a', 'a'], 'a', ['load a']])
  })

  it('frees the model used longest ago when another needs its place', async () => {
    const { cache, log } = fixture(2)
    for (const name of ['a', 'b', 'a', 'c', 'a']) await cache.use(name, nameOf)
    expect(log).toEqual(['load a', 'load b', 'load c', 'forget b', 'free b'])
  })

  it('waits for the last request before it frees a model', async () => {
    const { cache, log } = fixture(2)
    let finish = (): void => undefined
    const working = cache.use('a', () => new Promise<void>((resolve) => (finish = resolve)))
    await cache.use('b', nameOf)
    await cache.evict('a')
    log.push('evicted')
    finish()
    await working
    expect(log).toEqual(['load a', 'load b', 'forget a', 'evicted', 'free a'])
  })

  it('loads a model again that was evicted, while the old one is still at work', async () => {
    const { cache, log } = fixture(2)
    let finish = (): void => undefined
    const working = cache.use('a', () => new Promise<void>((resolve) => (finish = resolve)))
    await cache.evict('a')
    await cache.use('a', nameOf)
    finish()
    await working
    expect(log).toEqual(['load a', 'forget a', 'load a', 'free a'])
  })

  it('does not keep a failure', async () => {
    const failing = new Set(['a'])
    const { cache, log } = fixture(2, failing)
    await expect(cache.use('a', nameOf)).rejects.toThrow('no a')
    failing.clear()
    expect([await cache.use('a', nameOf), log]).toEqual(['a', ['load a', 'load a']])
  })

  it('frees everything in the end', async () => {
    const { cache, log } = fixture(2)
    await cache.use('a', nameOf)
    await cache.use('b', nameOf)
    await cache.dispose()
    expect(log.slice(2).sort()).toEqual(['forget a', 'forget b', 'free a', 'free b'])
  })
})

describe('the kept analyses', () => {
  it('forget the one not asked for the longest, and those of a model that is freed', () => {
    const analyses = createAnalyses<string>(2)
    const keep = (modelId: string, state: string): string => analyses.keep({ modelId, state })
    const [first, second] = [keep('m', 'first'), keep('n', 'second')]
    analyses.get(first)
    const third = keep('m', 'third')
    expect(() => analyses.get(second)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }))
    expect([analyses.get(first), analyses.get(third)]).toEqual([
      { modelId: 'm', state: 'first' },
      { modelId: 'm', state: 'third' },
    ])
    analyses.forgetModel('m')
    for (const id of [first, third]) expect(() => analyses.get(id)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }))
  })

  it('keep as many as fit their budget, the latest whatever it takes', () => {
    const analyses = createAnalyses<number>(3, { bytes: 100, sizeOf: (state) => state })
    const [first, second, third] = [40, 50, 45].map((state) => analyses.keep({ modelId: 'm', state }))
    expect(() => analyses.get(first!)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }))
    expect([analyses.get(second!).state, analyses.get(third!).state]).toEqual([50, 45])
    const huge = analyses.keep({ modelId: 'm', state: 1000 })
    for (const id of [second!, third!]) expect(() => analyses.get(id)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }))
    expect(analyses.get(huge).state).toBe(1000)
  })
})
