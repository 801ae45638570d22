/** @file A trainer process without a network: it counts steps into its folder's `steps`, and its checkpoint is the file `saved`. */
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { runTrainerProcess } from '../../../../src/engine/host/trainer/run-process'

runTrainerProcess({
  run: async ({ folder, control, threads }, { signal, emit }) => {
    emit({ kind: 'phase', phase: 'training', note: `process ${process.pid} in ${process.cwd()}` })
    for (let step = 1; !signal.aborted; step++) {
      if (control.finishBy() !== undefined) return { outcome: 'finished', reason: `by ${control.finishBy()?.toISOString() ?? ''}`, step }
      // What a step of ONNX Runtime does: nothing is heard while it lasts.
      const until = performance.now() + 20
      while (performance.now() < until);
      if (threads === 13 && step === 3) process.kill(process.pid, 'SIGKILL')
      if (!control.paused()) appendFileSync(join(folder, 'steps'), `${step}\n`)
      emit({ kind: 'step', metrics: { step, values: {} }, stepsTotal: 1000, imagesPerSecond: undefined, etaMs: undefined })
      await delay(1)
    }
    await delay(100)
    writeFileSync(join(folder, 'saved'), (signal.reason as Error).message)
    return { outcome: 'stopped', reason: (signal.reason as Error).message, step: 1 }
  },
  tryGraph: () => Promise.reject(new Error('no graph is tried here')),
  card: ({ images }) => Promise.resolve({ images: images.length, advice: images.map(({ path }) => (typeof path === 'string' ? path : `bytes ${path.toString('hex')}`)) } as never),
})
