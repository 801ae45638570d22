import { describe, expect, it } from 'vitest'
import { buildModel, countParameters, formatSite, input, parameter, scalar, sitesNamedIn, topologicalValues } from '../../../src/engine/graph'
import { add, gather, matMul, multiply } from '../../../src/engine/ops'
import { openSession } from '../../../src/engine/runtime/session'
import { runGraph } from '../../helpers/run-graph'
import { float32, int64 } from '../../helpers/tensors'

describe('buildModel', () => {
  it('leaves out what no output needs', () => {
    const x = input('x', 'float32', [2])
    matMul(input('unused', 'float32', [2, 2]), parameter('unused.weight', 'float32', [2, 2]))
    const built = buildModel('lean', { y: multiply(x, parameter('gain', 'float32', [2])) }, () => new Uint8Array(8))
    expect(built.model.graph.inputs.map(({ name }) => name)).toEqual(['x'])
    expect(built.parameters).toEqual([{ name: 'gain', shape: [2] }])
    expect(countParameters(built)).toBe(2)
  })

  it('computes a shared value once', () => {
    const x = input('x', 'float32', [1])
    const shared = add(x, scalar(1))
    const built = buildModel('shared', { y: multiply(shared, shared), z: shared }, () => new Uint8Array())
    expect(built.model.graph.nodes.map(({ opType }) => opType)).toEqual(['Add', 'Mul'])
  })

  it('walks graphs deeper than the call stack', () => {
    let deep = input('x', 'float32', [1])
    for (let step = 0; step < 100_000; step++) deep = add(deep, deep)
    expect(topologicalValues([deep])).toHaveLength(100_001)
  })

  it('refuses one parameter with two shapes', () => {
    const twice = { a: parameter('w', 'float32', [2]), b: parameter('w', 'float32', [3]) }
    expect(() => buildModel('twice', twice, () => new Uint8Array())).toThrow('w is used with shapes [2] and [3]')
  })

  it('runs with several outputs', async () => {
    const x = input('x', 'float32', ['n'])
    const result = await runGraph({ sum: add(x, x), same: x }, { x: float32([3], [1, 2, 3]) })
    expect(Object.fromEntries(Object.entries(result).map(([name, { data }]) => [name, [...data]]))).toEqual({ sum: [2, 4, 6], same: [1, 2, 3] })
  })
})

describe('a node that fails at run time', () => {
  it('is reported with the line that made it', async () => {
    const rows = gather(input('x', 'float32', [2]), input('indices', 'int64', ['n']), 0)
    const session = await openSession(buildModel('failing', { rows }, () => new Uint8Array()), { provider: 'cpu', threads: 1 })
    const failure = session.run({ x: float32([2], [1, 2]), indices: int64([1], [7]) })
    await expect(failure).rejects.toMatchObject({ code: 'RUNTIME', message: expect.stringMatching(/gather_0 was made at gather .* < .*build\.test\.ts:\d+/) })
    await session.release()
  })

  it('is matched by its whole name', () => {
    const sites = new Map([['add_1', { stack: 'Error\n at one (a.ts:1)' }], ['add_12', { stack: 'Error\n at twelve (a.ts:12)' }]])
    expect(sitesNamedIn("Non-zero status code while running Add node. Name:'add_12'", sites)).toEqual([{ node: 'add_12', site: 'twelve (a.ts:12)' }])
    expect(formatSite({})).toBe('')
  })
})
