/** @file Numbers of 16 bits from a picture, as depth is exchanged: exactly, without any colour in between. */
import { EngineError } from '../contract'
import { runPipeline } from './decode'
import { readHeader } from './header'

export interface Grey16 {
  /** uint16 [height, width]. */
  readonly values: Uint16Array
  readonly width: number
  readonly height: number
}

/**
 * @param name of the file, for messages
 * @throws EngineError BAD_REQUEST for another kind of picture, IMG_… when it cannot be decoded
 */
export async function decodeGrey16(bytes: Buffer, name: string): Promise<Grey16> {
  const header = await readHeader(bytes)
  // Source: PNG (W3C, third edition), §11.2.1: bit depth and colour type.
  if (header.format !== 'png' || bytes[24] !== 16 || bytes[25] !== 0) throw new EngineError('BAD_REQUEST', `${name} is no PNG of one channel with 16 bits; save depth as 16-bit grey PNG`, { detail: { name } })
  return runPipeline(bytes, header, { ignoreIcc: true }, async (picture) => {
    const { data, info } = await picture.toColourspace('grey16').extractChannel(0).raw({ depth: 'ushort' }).toBuffer({ resolveWithObject: true })
    return { values: new Uint16Array(Uint8Array.from(data).buffer), width: info.width, height: info.height }
  })
}
