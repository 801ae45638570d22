/** @file How fast a run is and when it will be done, from its latest steps. */

export interface Speed {
  /** Tells of a step's time; pauses and evaluations are not part of it. */
  took(milliseconds: number): void
  imagesPerSecond(): number | undefined
  etaMs(stepsLeft: number): number | undefined
}

const remembered = 50

/** @param images pictures of a step */
export function createSpeed(images: number): Speed {
  const times: number[] = []
  const mean = (): number | undefined => (times.length === 0 ? undefined : times.reduce((sum, time) => sum + time, 0) / times.length)
  return {
    took: (milliseconds) => {
      times.push(milliseconds)
      if (times.length > remembered) times.shift()
    },
    imagesPerSecond: () => {
      const milliseconds = mean()
      return milliseconds === undefined ? undefined : (1000 * images) / milliseconds
    },
    etaMs: (stepsLeft) => {
      const milliseconds = mean()
      return milliseconds === undefined ? undefined : milliseconds * stepsLeft
    },
  }
}
