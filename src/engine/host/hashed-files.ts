/** @file Files of ours that are named or noted with the hash of what is in them. */
import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { readRegularFile, saveFile } from '../files'

const contentBytes = 32
/** Contents of eight million pictures, or labels of half a million. */
const largestFile = 2 ** 28

export const hexHash = z.string().regex(/^[0-9a-f]{64}$/)
export const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
export const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer => Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)

/** Reads a file of ours. @throws Error when it is not as it was written */
export async function readHashed(path: string, hash: string): Promise<Buffer> {
  const bytes = await readRegularFile(path, largestFile)
  if (digest(bytes) !== hash) throw new Error(`${path} is not as it was written`)
  return bytes
}

/** Writes what is not there yet. @returns its hash */
export async function saveHashed(folder: string, nameOf: (hash: string) => string, bytes: Uint8Array): Promise<string> {
  const hash = digest(bytes)
  const path = join(folder, nameOf(hash))
  if (!(await stat(path).then(() => true, () => false))) await saveFile(path, bytes)
  return hash
}

/** Content hashes, 32 bytes each. */
export function packHashes(hashes: readonly string[]): Buffer {
  return Buffer.from(hashes.join(''), 'hex')
}

export function unpackHashes(bytes: Buffer): readonly string[] {
  return Array.from({ length: bytes.length / contentBytes }, (_, index) => bytes.toString('hex', index * contentBytes, (index + 1) * contentBytes))
}
