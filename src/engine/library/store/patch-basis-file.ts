/** @file A patch basis beside its table, twice and with its hash: without it no code of the table means anything. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { EngineError } from '../../contract'
import { saveFile } from '../../files'
import type { PatchBasis } from './store'

const headerSchema = z.object({ dim: z.number().int().positive(), dims: z.number().int().positive(), explained: z.number() })
const hashBytes = 32

/** sha256 of what follows, length of a header (uint32), the header as JSON, mean and axes as float32. */
function encode({ dim, dims, explained, mean, axes }: PatchBasis): Buffer {
  const header = Buffer.from(JSON.stringify({ dim, dims, explained }))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(header.length)
  const content = Buffer.concat([length, header, bytesOf(mean), bytesOf(axes)])
  return Buffer.concat([createHash('sha256').update(content).digest(), content])
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

function decode(file: Buffer): PatchBasis | undefined {
  const content = file.subarray(hashBytes)
  if (content.length < 4 || !createHash('sha256').update(content).digest().equals(file.subarray(0, hashBytes))) return undefined
  const start = 4 + content.readUInt32LE()
  const { dim, dims, explained } = headerSchema.parse(JSON.parse(content.toString('utf8', 4, start)))
  const values = new Float32Array(Uint8Array.from(content.subarray(start)).buffer)
  return { dim, dims, explained, mean: values.slice(0, dim), axes: values.slice(dim) }
}

function pathsOf(path: string): readonly string[] {
  return [path, `${path}.copy`]
}

async function readOne(path: string): Promise<PatchBasis | undefined | 'damaged'> {
  try {
    return decode(await readFile(path)) ?? 'damaged'
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw new EngineError('DISK', `${path} cannot be read: ${(error as Error).message}`, { detail: { path, code }, cause: error })
  }
}

/**
 * The basis that was written to `path`; undefined where there is none or none that is whole.
 * @param mend tells that one of the two was damaged, after it has been written again
 */
export async function readPatchBasis(path: string, mend: ((what: string) => void) | undefined): Promise<PatchBasis | undefined> {
  const copies = await Promise.all(pathsOf(path).map(readOne))
  const whole = copies.find((copy) => copy !== undefined && copy !== 'damaged')
  if (whole !== undefined && mend !== undefined && copies.some((copy) => copy !== whole && (copy === undefined || copy === 'damaged'))) {
    await writePatchBasis(path, whole)
    mend('one of the two files of the patch basis was damaged or missing; it has been written again from the other')
  }
  return whole
}

/** Both are whole on the disk when it resolves. @throws EngineError DISK */
export async function writePatchBasis(path: string, basis: PatchBasis): Promise<void> {
  for (const copy of pathsOf(path)) await saveFile(copy, encode(basis))
}

/** Whether two bases project alike. */
export function isSameBasis(left: PatchBasis, right: PatchBasis): boolean {
  return encode(left).equals(encode(right))
}
