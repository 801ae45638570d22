/** @file The probe pictures of a run as a report shows them: a few moments, as data URIs. */
import { readRegularFile } from '../../../files'
import { listProbes, type ProbeFrameFiles } from '../probe-files'

/** One picture through the run. All pictures are `data:image/…;base64,` URIs. */
export interface ReportProbe {
  readonly name: string
  readonly photo: string
  /** Oldest first. */
  readonly moments: readonly { readonly step: number; readonly attention: string; readonly pca: string }[]
}

const maxPictureBytes = 64 * 2 ** 20

async function dataUri(path: string): Promise<string> {
  return `data:image/png;base64,${(await readRegularFile(path, maxPictureBytes)).toString('base64')}`
}

/** At most `count` frames: the first, the last, and between them ever larger steps, as a run learns most in its beginning. */
export function momentsOf(frames: readonly ProbeFrameFiles[], count: number): ProbeFrameFiles[] {
  const last = frames.length - 1
  if (last < count) return [...frames]
  const chosen = Array.from({ length: count }, (_, index) => (index === 0 ? 0 : Math.round(last ** (index / (count - 1)))))
  // Powers may fall together near the beginning.
  const apart = chosen.reduce<number[]>((places, place) => [...places, Math.max(place, (places.at(-1) ?? -1) + 1)], [])
  return apart.flatMap((place) => frames[place] ?? [])
}

/**
 * Reads the first, the last and some frames between of a run's probe pictures; none where it never looked.
 * @throws EngineError CHECKPOINT, NOT_A_FILE, SOURCE_UNAVAILABLE
 */
export async function readReportProbes(runFolder: string, { moments = 5, pictures = 4 } = {}): Promise<readonly ReportProbe[]> {
  const frames = momentsOf(await listProbes(runFolder), moments)
  const probes: ReportProbe[] = []
  for (const [index, { name, photo }] of (frames[0]?.pictures ?? []).slice(0, pictures).entries()) {
    const shown: ReportProbe['moments'][number][] = []
    for (const { step, pictures: files } of frames) {
      const of = files[index]
      if (of !== undefined) shown.push({ step, attention: await dataUri(of.attention), pca: await dataUri(of.pca) })
    }
    probes.push({ name, photo: await dataUri(photo), moments: shown })
  }
  return probes
}
