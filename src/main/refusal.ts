/** @file What happens when the engine says that it cannot start: the person is told why, and the app ends. */
import { app, dialog } from 'electron'
import type { SupervisedEngine, EngineProcess } from '../shell'

/** Source: sysexits.h, EX_TEMPFAIL: somebody else has what is needed; the same status as the command line's. */
const busyStatus = 75

/** Ends the app with a message when the engine refuses to start, as where another process uses its workspace. */
export function setupRefusal({ onState }: Pick<SupervisedEngine<EngineProcess>, 'onState'>): void {
  onState((state) => {
    if (state.kind !== 'stopped' || state.refusal === undefined) return
    dialog.showErrorBox('DinoScope cannot start', state.refusal.message)
    app.exit(state.refusal.code === 'BUSY' ? busyStatus : 1)
  })
}
