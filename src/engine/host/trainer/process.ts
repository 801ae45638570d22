/** @file A trainer process as the engine sees it, however it was started. */
import type { ClientPort } from '../../contract'

export interface TrainerProcess {
  /** The one conversation with it. Closing it asks the trainer to write a checkpoint and to end. */
  readonly port: ClientPort
  /** Tells once that the process has ended, and why, in words; also one that has ended before. */
  onExit(listener: (reason: string) => void): void
  /** Ends it at once, whatever it does. */
  kill(): void
}

/** Starts a process that serves the trainer contract. */
export type StartTrainer = () => TrainerProcess
