/** @file How quick each model was when it last looked at a picture. */

export interface LookSpeeds {
  /** @param macs multiply-accumulates that took `ms` milliseconds */
  measured(modelId: string, macs: number, ms: number): void
  /** Milliseconds for a multiply-accumulate; undefined until the model has run. */
  of(modelId: string): number | undefined
}

export function createLookSpeeds(): LookSpeeds {
  const speeds = new Map<string, number>()
  return {
    measured: (modelId, macs, ms) => {
      if (macs > 0 && ms > 0) speeds.set(modelId, ms / macs)
    },
    of: (modelId) => speeds.get(modelId),
  }
}
