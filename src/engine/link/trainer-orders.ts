/** @file What the engine process and Electron's main process tell each other about trainers, beside the frames of the pages. */

/** From the engine: start a trainer under this number, or end it at once whatever it does. */
export type TrainerOrder = { readonly kind: 'trainer'; readonly trainer: number } | { readonly kind: 'trainer-kill'; readonly trainer: number }

/** From main: the trainer's port comes with `trainer-port`; `trainer-exit` says why it ended, or why it could not be started. */
export type TrainerNotice = { readonly kind: 'trainer-port'; readonly trainer: number } | { readonly kind: 'trainer-exit'; readonly trainer: number; readonly reason: string }

/** Whether a message of the shared channel is about trainers. */
export function isTrainerMessage<M extends { readonly kind: string }>(message: M): message is Extract<M, { readonly kind: `trainer${string}` }> {
  return message.kind === 'trainer' || message.kind.startsWith('trainer-')
}
