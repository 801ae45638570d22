/** @file A trainer to be killed: it trains one run and says when a step is done. */
import { writeSync } from 'node:fs'
import { trainRun } from '../../../../../src/engine/train'

const [, , folder = ''] = process.argv
await trainRun(
  { folder, provider: 'cpu', threads: 1, control: { paused: () => false, finishBy: () => undefined } },
  {
    signal: new AbortController().signal,
    emit: (event) => {
      if (event.kind === 'step') writeSync(1, `${event.metrics.step}\n`)
    },
  },
)
