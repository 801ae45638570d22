/** @file What a loader and its worker threads say to each other. */
import type { WireError } from '../../contract'
import type { CropFailure, CropTask } from './crop-maker'

export interface WorkerRequest {
  readonly id: number
  readonly task: CropTask
}

/** `ready` once, then one answer for each request, in any order. */
export type WorkerReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'made'; readonly id: number; readonly failures: readonly CropFailure[]; readonly cachedBytes: number }
  | { readonly kind: 'failed'; readonly id: number; readonly error: WireError }
