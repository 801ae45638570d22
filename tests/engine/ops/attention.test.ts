import { describe, expect, it } from 'vitest'
import { input } from '../../../src/engine/graph'
import { composedAttention, multiHeadAttention } from '../../../src/engine/ops'
import { runGraph } from '../../helpers/run-graph'
import { maxDifference, noise } from '../../helpers/tensors'

describe('attention', () => {
  it('is the same fused and composed, for sizes known only at run time', async () => {
    const [query, key, value] = ['q', 'k', 'v'].map((name) => input(name, 'float32', ['batch', name === 'q' ? 'queries' : 'h*w+1', 128]))
    const graph = { fused: multiHeadAttention(query!, key!, value!, 2, 0.125), composed: composedAttention(query!, key!, value!, 2, 0.125) }
    const { fused, composed } = await runGraph(graph, { q: noise([2, 7, 128], 1), k: noise([2, 33, 128], 2), v: noise([2, 33, 128], 3) })
    expect(composed!.shape).toEqual([2, 7, 128])
    expect(maxDifference(fused!.data as Float32Array, composed!.data as Float32Array)).toBeLessThan(1e-5)
  })
})
