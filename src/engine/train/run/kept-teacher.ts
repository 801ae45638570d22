/** @file The frozen model that a distillation learns from, kept in the run's folder: the run can go on whatever becomes of the original. */
import { copyFile, link, mkdir, open, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { EngineError, isEngineError, messageOf } from '../../contract'
import { syncFolder } from '../../files'
import { hashFile, manifestFile, weightsFile } from '../../weights'
import type { RunDescription, RunTeacher } from './description'

/** In a model folder beside the weights: the heads that were trained with this backbone, `dino_head.*` and `ibot_head.*`. */
export const headsFile = 'heads.safetensors'

export function teacherFolder(runFolder: string): string {
  return join(runFolder, 'teacher')
}

/** A second name for the same bytes where the disk allows it, as weights are never written over; else a copy. */
async function linkOrCopy(source: string, target: string): Promise<void> {
  const real = await realpath(source)
  const linked = await link(real, target).then(() => true, () => false)
  if (linked) return
  await copyFile(real, target)
  const handle = await open(target)
  await handle.sync().finally(() => handle.close())
}

/** Puts the model of `source` into the folder of a run that is being made. */
export async function keepTeacher(runFolder: string, source: string, { headsSha256 }: RunTeacher): Promise<void> {
  const folder = teacherFolder(runFolder)
  await mkdir(folder)
  await copyFile(join(source, manifestFile), join(folder, manifestFile))
  await linkOrCopy(join(source, weightsFile), join(folder, weightsFile))
  if (headsSha256 !== undefined) await linkOrCopy(join(source, headsFile), join(folder, headsFile))
  await syncFolder(folder)
}

/**
 * That a run has the very teacher it began with: another would teach something else from there on.
 * @throws EngineError CHECKPOINT when a file is gone or another; the signal's reason
 */
export async function requireSameTeacher(runFolder: string, { teacher }: Pick<RunDescription, 'teacher'>, signal?: AbortSignal): Promise<void> {
  if (teacher === undefined) return
  const files = [[weightsFile, teacher.sha256], ...(teacher.headsSha256 === undefined ? [] : [[headsFile, teacher.headsSha256]])] as const
  for (const [name, expected] of files) {
    const path = join(teacherFolder(runFolder), name ?? '')
    const found = await hashFile(path, signal).catch((error: unknown) => {
      if (!isEngineError(error)) throw error
      throw new EngineError('CHECKPOINT', `${path} cannot be read, and the run learns from it: ${messageOf(error)}; put the file of ${JSON.stringify(teacher.name)} back`, { detail: { path }, cause: error })
    })
    if (found !== expected)
      throw new EngineError('CHECKPOINT', `${path} is not the teacher that the run began with, ${JSON.stringify(teacher.name)}; put its file back, or begin a new run with the other teacher`, { detail: { path, expected, found } })
  }
}
