/** @file Progress for people who watch and for logs that are read later; results for people and for programs. */
import { describe, expect, it } from 'vitest'
import { createTerminal, progressText, type TextStream } from '../../src/cli/terminal'
import type { Progress } from '../../src/engine/contract'

const progress = (done: number): Progress => ({ kind: 'progress', title: 'Embedding images', done, total: 10, value: done / 10, ratePerSecond: undefined, etaMs: undefined })

function stream(isTTY: boolean): TextStream & { readonly written: string[] } {
  const written: string[] = []
  return { isTTY, columns: 40, written, write: (text) => written.push(text) }
}

describe('progressText', () => {
  it.each([
    [{}, 'Embedding images 3/10 (30 %)'],
    [{ ratePerSecond: 12.34, etaMs: 21_000 }, 'Embedding images 3/10 (30 %), 12.3/s, 21 s left'],
    [{ ratePerSecond: 0.5, etaMs: 600_000 }, 'Embedding images 3/10 (30 %), 0.500/s, 10 min left'],
    [{ done: 10, value: 1, ratePerSecond: 5, etaMs: 0 }, 'Embedding images 10/10 (100 %), 5.00/s'],
  ])('with %j is %s', (facts, text) => {
    expect(progressText({ ...progress(3), ...facts })).toBe(text)
  })
})

describe('the terminal', () => {
  it('keeps one changing line where somebody watches, and clears it before anything else', () => {
    const [stdout, stderr] = [stream(true), stream(true)]
    const terminal = createTerminal(false, stdout, stderr)
    terminal.progress(progress(1))
    terminal.progress(progress(1))
    terminal.progress(progress(2))
    terminal.note('a.jpg is broken')
    terminal.result({ images: 2 }, ['2 pictures'])
    expect({ stderr: stderr.written, stdout: stdout.written }).toEqual({
      stderr: ['\r\x1b[KEmbedding images 1/10 (10 %)', '\r\x1b[KEmbedding images 2/10 (20 %)', '\r\x1b[K', 'a.jpg is broken\n'],
      stdout: ['2 pictures\n'],
    })
  })

  it('never makes the line longer than the window', () => {
    const stderr = stream(true)
    createTerminal(false, stream(true), stderr).progress({ ...progress(1), title: 'x'.repeat(100) })
    expect(stderr.written).toEqual([`\r\x1b[K${'x'.repeat(39)}`])
  })

  it('writes a line every five seconds elsewhere, and always the last one', () => {
    let clock = 0
    const stderr = stream(false)
    const terminal = createTerminal(false, stream(false), stderr, () => clock)
    for (const [at, done] of [[0, 0], [1000, 1], [4999, 2], [5000, 3], [9000, 4], [9001, 10], [9002, 10]] as const) {
      clock = at
      terminal.progress(progress(done))
    }
    expect(stderr.written).toEqual([0, 3, 10].map((done) => `${progressText(progress(done))}\n`))
  })

  it('prints one JSON object when asked to', () => {
    const stdout = stream(false)
    createTerminal(true, stdout, stream(false)).result({ images: 2 }, ['2 pictures'])
    expect(stdout.written).toEqual(['{"images":2}\n'])
  })
})
