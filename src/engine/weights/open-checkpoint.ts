/** @file Opens a weights file of any readable format. The content decides which one it is; the name only breaks ties. */
import { extname } from 'node:path'
import { EngineError } from '../contract'
import { openByteSource, type ByteSource } from './bytes/byte-source'
import type { Checkpoint } from './bytes/tensor-source'
import { openOnnxCheckpoint } from './onnx-checkpoint'
import { legacyMagic, openLegacyCheckpoint } from './pytorch/legacy-checkpoint'
import { openZipCheckpoint } from './pytorch/zip-checkpoint'
import { openSafetensorsCheckpoint } from './safetensors/read'

const sniffedBytes = 512
const pickleExtensions = new Set(['.pth', '.pt', '.bin', '.ckpt', '.pkl', '.pickle'])

interface Signature {
  readonly offset: number
  readonly bytes: Buffer
  readonly what: string
}

/** Formats that are recognised so as to be refused by name. */
const refused: readonly Signature[] = [
  { offset: 0, bytes: Buffer.from('377abcaf271c', 'hex'), what: 'a 7z archive' },
  { offset: 257, bytes: Buffer.from('ustar'), what: 'a tar archive' },
  { offset: 0, bytes: Buffer.from('1f8b', 'hex'), what: 'compressed with gzip' },
  { offset: 0, bytes: Buffer.from('fd377a585a00', 'hex'), what: 'compressed with xz' },
  { offset: 0, bytes: Buffer.from('28b52ffd', 'hex'), what: 'compressed with zstd' },
  { offset: 0, bytes: Buffer.from('425a68', 'hex'), what: 'compressed with bzip2' },
  { offset: 0, bytes: Buffer.from('526172211a07', 'hex'), what: 'a rar archive' },
  { offset: 0, bytes: Buffer.from('894844460d0a1a0a', 'hex'), what: 'an HDF5 file' },
  { offset: 0, bytes: Buffer.from('47475546'), what: 'a GGUF file' },
]

/**
 * Opens a file; the caller closes the checkpoint. What fails as one format is never tried as another.
 * @throws EngineError MODEL_HEADER, MODEL_TENSOR, MODEL_ARCHIVE, MODEL_UNSUPPORTED, PICKLE_OPCODE, PICKLE_GLOBAL,
 *   PICKLE_LIMIT, TENSOR_GEOMETRY, MODEL_DAMAGED, NOT_A_FILE, SOURCE_UNAVAILABLE
 */
export async function openCheckpoint(path: string): Promise<Checkpoint> {
  return readCheckpoint(await openByteSource(path))
}

/** {@link openCheckpoint} for an opened source, which is closed on failure. */
export async function readCheckpoint(source: ByteSource): Promise<Checkpoint> {
  try {
    const open = await chooseReader(source)
    return await open(source)
  } catch (error) {
    await source.close()
    throw error
  }
}

async function chooseReader(source: ByteSource): Promise<(source: ByteSource) => Promise<Checkpoint>> {
  const { name } = source
  if (source.size === 0) throw new EngineError('MODEL_HEADER', `${name} is empty`, { detail: { path: name } })
  const start = await source.read(0, Math.min(sniffedBytes, source.size))
  const has = (bytes: Buffer, offset = 0): boolean => start.subarray(offset, offset + bytes.length).equals(bytes)

  // A safetensors file may begin with any length; the brace behind it is what marks it.
  if (start[8] === 0x7b && start.subarray(5, 8).every((byte) => byte === 0)) return openSafetensorsCheckpoint
  if (has(Buffer.from('PK'))) return openZipCheckpoint
  if (has(legacyMagic)) return openLegacyCheckpoint
  const signature = refused.find(({ bytes, offset }) => has(bytes, offset))
  if (signature !== undefined)
    throw new EngineError('MODEL_UNSUPPORTED', `${name} is ${signature.what}, not a weights file`, { detail: { path: name } })
  const extension = extname(name).toLowerCase()
  if (extension === '.onnx') return openOnnxCheckpoint
  return pickleExtensions.has(extension) ? openLegacyCheckpoint : openSafetensorsCheckpoint
}
