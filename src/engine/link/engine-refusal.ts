/** @file What an engine process tells its shell, beside the frames of the pages, when it cannot start: starting it again would not help. */
import type { WireError } from '../contract'

export interface EngineRefusal {
  readonly kind: 'refused'
  readonly error: WireError
}

/** Whether a message of the shared channel is a refusal. */
export function isEngineRefusal(message: { readonly kind: string }): message is EngineRefusal {
  return message.kind === 'refused'
}
