/** @file Keeps the computer awake while a run trains; the screen may go dark. */
import { powerSaveBlocker } from 'electron'

/** A switch to be told whether something is trained. */
export function createPowerBlocker(): (training: boolean) => void {
  let blocker: number | undefined
  return (training) => {
    if (training) blocker ??= powerSaveBlocker.start('prevent-app-suspension')
    else if (blocker !== undefined) {
      powerSaveBlocker.stop(blocker)
      blocker = undefined
    }
  }
}
