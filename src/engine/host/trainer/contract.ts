/** @file What a trainer process does for the engine, which is its only client: training, and the trials that may cost a process its life. */
import { call, job, type FeasibilityCard, type Progress, type ProviderName, type TrainEvent, type TrainResult } from '../../contract'
import type { FilePath } from '../../files'
import type { OnnxTrial } from '../../weights'
import type { TryGraphRequest } from '../foreign/try-graph'

/** How hard a trainer may work, as the engine was started. */
export interface TrainerMachine {
  readonly provider: ProviderName | undefined
  readonly threads: number | undefined
}

export interface TrainerRunRequest extends TrainerMachine {
  /** Of the run; everything else lies in it. */
  readonly folder: string
  /** How a person had left it, for a trainer that takes over from one that crashed. */
  readonly paused: boolean
  /** ISO 8601. */
  readonly finishBy: string | undefined
}

export interface TrainerCardRequest extends TrainerMachine {
  /** YAML. */
  readonly recipe: string
  readonly images: readonly { readonly path: FilePath; readonly relativePath: string; readonly sizeBytes: number }[]
  /** The folder the pictures lie in, for messages. */
  readonly root: string
  /** Model folder to begin with, or undefined from scratch. */
  readonly initFolder: string | undefined
  /** Model folder of the frozen teacher of a distillation. */
  readonly teacherFolder?: string | undefined
  /** Whose disk the checkpoints will go to. */
  readonly workspace: string
}

export const trainerContract = {
  /** Trains, or goes on. Cancel writes a checkpoint and gives the result `stopped`. */
  'trainer.run': job<TrainerRunRequest, TrainEvent, TrainResult>(),
  'trainer.card': job<TrainerCardRequest, Progress, FeasibilityCard>(),
  /** Runs the graph of another maker on made-up pictures. */
  'onnx.try': job<TryGraphRequest, Progress, OnnxTrial>(),
  'trainer.pause': call<{ readonly paused: boolean }, undefined>(),
  'trainer.finishBy': call<{ readonly at: string | undefined }, undefined>(),
} as const

export type TrainerContract = typeof trainerContract
