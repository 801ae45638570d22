/** @file Requests about the engine itself. */
import type { EngineContract, Handlers } from '../../contract'
import type { EngineState } from '../engine-state'

/** `engine.*` */
export function engineHandlers({ options, runtime }: EngineState): Pick<Handlers<EngineContract>, 'engine.status'> {
  return {
    'engine.status': async () => {
      const { provider, reports, threads } = await runtime
      return {
        version: options.version,
        provider,
        providers: reports,
        threads,
        workspace: options.workspace,
        rssBytes: process.memoryUsage().rss,
        // HEVC is patented, so the prebuilt decoder has none.
        heicSupported: false,
      }
    },
  }
}
