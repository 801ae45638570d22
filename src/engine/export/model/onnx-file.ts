/** @file An ONNX model to disk: one file with the weights inside, or, beyond what protobuf holds, with a file of weights beside. */
import { join } from 'node:path'
import { EngineError } from '../../contract'
import { openRegularFile } from '../../files'
import { encodedLength, encodeModel, encodeSelfContained, isExternal, type EncodedPart, type ExternalData, type OnnxModel } from '../../onnx'
import { writeNew } from './staging'

/** Protobuf counts bytes in 31 bits. */
const protobufLimit = 2 ** 31 - 1
const copiedBytes = 4 * 2 ** 20

export interface OnnxFileOptions {
  /** The largest file that the weights are put into. */
  readonly inlineLimit?: number
  readonly signal?: AbortSignal
  /** Told how many bytes were written since the last time. */
  readonly onWritten?: (bytes: number) => void
}

/**
 * Writes `model`, whose weights lie in files beside `weightsPath`, as `name` into `folder`.
 * @returns the names of the files, the model's own last
 * @throws what the file system throws; the signal's reason when cancelled
 */
export async function writeOnnxFile(folder: string, name: string, model: OnnxModel, weightsPath: string, options: OnnxFileOptions = {}): Promise<string[]> {
  const parts = encodeSelfContained(model)
  if (encodedLength(parts) <= (options.inlineLimit ?? protobufLimit)) {
    await writeParts(join(folder, name), parts, weightsPath, options)
    return [name]
  }
  const dataName = `${name}.data`
  const { moved, data } = moveWeights(model, dataName)
  await writeParts(join(folder, dataName), data, weightsPath, options)
  await writeParts(join(folder, name), [encodeModel(moved)], weightsPath, options)
  return [dataName, name]
}

/** Runtimes map large tensors into memory; Windows does that at multiples of 64 KiB. Source: onnx, external_data_helper.py. */
function alignmentOf(length: number): number {
  return length >= 2 ** 20 ? 2 ** 16 : 64
}

/** The model with its weights at their places in `location`, and the parts which that file then consists of. */
function moveWeights(model: OnnxModel, location: string): { readonly moved: OnnxModel; readonly data: readonly EncodedPart[] } {
  const data: EncodedPart[] = []
  let offset = 0
  const append = (part: EncodedPart): void => {
    data.push(part)
    offset += part.length
  }
  const initializers = model.graph.initializers.map((tensor) => {
    if (!isExternal(tensor.data)) return tensor
    const { length } = tensor.data
    const alignment = alignmentOf(length)
    append(new Uint8Array(Math.ceil(offset / alignment) * alignment - offset))
    const place: ExternalData = { location, offset, length }
    append(tensor.data)
    return { ...tensor, data: place }
  })
  return { moved: { ...model, graph: { ...model.graph, initializers } }, data }
}

async function writeParts(path: string, parts: readonly EncodedPart[], weightsPath: string, { signal, onWritten }: OnnxFileOptions): Promise<void> {
  const weights = await openRegularFile(weightsPath)
  try {
    await writeNew(path, async (append) => {
      for (const part of parts) {
        for await (const bytes of bytesOf(part)) {
          signal?.throwIfAborted()
          await append(bytes)
          onWritten?.(bytes.length)
        }
      }
    })
  } finally {
    await weights.close()
  }

  async function* bytesOf(part: EncodedPart): AsyncGenerator<Uint8Array> {
    if (part instanceof Uint8Array) {
      yield part
      return
    }
    for (let done = 0; done < part.length; ) {
      const buffer = Buffer.alloc(Math.min(copiedBytes, part.length - done))
      const { bytesRead } = await weights.read(buffer, 0, buffer.length, part.offset + done)
      if (bytesRead === 0) throw new EngineError('SOURCE_UNAVAILABLE', `${weightsPath} became shorter while it was read`, { detail: { path: weightsPath } })
      yield buffer.subarray(0, bytesRead)
      done += bytesRead
    }
  }
}
