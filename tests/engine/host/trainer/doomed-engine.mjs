/** @file Stands in for an engine: starts a trainer as one does, gives it a run, and waits to be killed. */
import { fork } from 'node:child_process'

const [, , trainerModule, folder] = process.argv
const trainer = fork(trainerModule, [], { serialization: 'advanced', stdio: ['ignore', 2, 2, 'ipc'] })
trainer.send({ kind: 'start', id: '1', name: 'trainer.run', argument: { folder, provider: 'cpu', threads: 1, paused: false, finishBy: undefined } })
