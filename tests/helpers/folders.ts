/** @file Folders for tests: temporary ones that go away, and the odd things that can lie in them. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'

/** Content of files by their path below a folder. */
export type FileTree = Readonly<Record<string, string | Uint8Array>>

/** A fresh folder with `files` in it, removed when the test that asked for it is over. */
export async function temporaryFolder(files: FileTree = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dinoscope-test-'))
  // Work that was cancelled may still be writing its last file.
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }))
  await writeFiles(folder, files)
  return folder
}

/** Writes `files` below `folder`, with the folders they need. */
export async function writeFiles(folder: string, files: FileTree): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
  }
}

/** Makes a named pipe, which Node cannot. */
export async function makePipe(path: string): Promise<void> {
  await promisify(execFile)('mkfifo', [path])
}
