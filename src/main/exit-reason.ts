/** @file Why the engine ended, in words, from the two things Electron tells about it. */

const reasons: Readonly<Record<string, string>> = {
  oom: 'it ran out of memory',
  'memory-eviction': 'the system needed its memory',
  crashed: 'it crashed',
  killed: 'it was killed',
  'launch-failed': 'it could not be started',
  'integrity-failure': 'its files have been changed',
  'abnormal-exit': 'it ended abnormally',
}

/**
 * @param code of the `exit` event
 * @param gone reason of the `child-process-gone` event, where there was one
 */
export function exitReason(code: number, gone: string | undefined): string {
  const reason = gone === undefined ? undefined : reasons[gone]
  if (reason !== undefined) return `${reason} (code ${code})`
  return code === 0 ? 'it ended' : `it ended with code ${code}`
}
