/** @file Whether a process that wrote its id down is still the one that runs under that id. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** What `/proc/PID/stat` calls processes that have ended and only wait to be noticed. */
const endedStates = new Set(['Z', 'X', 'x'])
/** Fields behind the name in `/proc/PID/stat`. Source: proc(5), fields 3 and 22. */
const stateField = 0
const startField = 19

/**
 * What tells a process from a later one of the same id: when it started. `ended` for one that is gone or a zombie,
 * undefined where the platform does not tell cheaply.
 */
export async function processIdentity(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') return linuxIdentity(pid)
  if (process.platform === 'win32') return undefined
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)])
    return stdout.trim() === '' ? 'ended' : stdout.trim()
  } catch {
    // ps also fails for an id that nobody has; `kill` answers that question better.
    return undefined
  }
}

async function linuxIdentity(pid: number): Promise<string | undefined> {
  try {
    const [stat, bootId] = await Promise.all([readFile(`/proc/${pid}/stat`, 'latin1'), readFile('/proc/sys/kernel/random/boot_id', 'latin1')])
    // The name is in brackets and may hold brackets and spaces itself.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state, start] = [fields[stateField], fields[startField]]
    if (state === undefined || start === undefined) return undefined
    // Starts are counted from the boot.
    return endedStates.has(state) ? 'ended' : `${bootId.trim()} ${start}`
  } catch {
    return undefined
  }
}

/** Whether process `pid` runs and, where both are known, is the one of that identity. In doubt it is. */
export async function isSameProcess(pid: number, identity: string | undefined): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it runs and belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const current = await processIdentity(pid)
  if (current === 'ended') return false
  return current === undefined || identity === undefined || current === identity
}
