/** @file A trainer that only saves: one checkpoint after the other, until it is killed, by others or by itself. */
import { writeSync } from 'node:fs'
import { lockRun, newestCheckpoint, openMetricsLog, openRunFolder } from '../../../../../src/engine/train/run'
import { interceptFs } from './faulty-fs'
import { save } from './runs'

const [, , folder = '', lastOperation] = process.argv
const run = await openRunFolder(folder)
const lock = await lockRun(folder)
const { checkpoint } = await newestCheckpoint(run, { lock })
let step = checkpoint?.step ?? 0
const metrics = await openMetricsLog(folder, step + 1)

let operations = 0
if (lastOperation !== undefined)
  interceptFs(() => {
    if (operations++ === Number(lastOperation)) process.kill(process.pid, 'SIGKILL')
  })

for (;;) {
  step++
  metrics.append({ step, values: { loss: 1 / step } }, { imagesPerSecond: Math.random() })
  writeSync(1, `begin ${step}\n`)
  await metrics.sync()
  await save(run, step, { best: step % 5 === 0 })
  writeSync(1, `saved ${step}\n`)
}
