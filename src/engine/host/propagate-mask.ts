/** @file A mask that a person brings for a first frame: which pixel has which label, from a picture's colours. */
import { EngineError, type Rgb } from '../contract'
import type { LabelMask } from '../dense'
import { maskColour } from '../display'
import { decodeRgb, readHeader } from '../image'

/** Labels of a picture, 0 the background, and how each is shown. */
export interface ColouredMask extends LabelMask {
  readonly colours: ReadonlyMap<number, Rgb>
}

/** More is a photograph, or a mask whose edges were smoothed. */
const maxLabels = 64
/** Sizes may differ where one was rounded: by so much of the aspect. */
const aspectTolerance = 0.01

const pack = (red: number, green: number, blue: number): number => (red << 16) | (green << 8) | blue
const unpack = (colour: number): Rgb => [colour >> 16, (colour >> 8) & 255, colour & 255]

interface PngFacts {
  readonly bitDepth: number
  /** Packed colour of each index; undefined where the pixels are no indices. */
  readonly palette: readonly number[] | undefined
}

/** What a decoder, which gives colours, does not tell. The bytes were decoded already, so their chunks are in order. Source: PNG (W3C), §5.3, §11.2. */
function pngFacts(bytes: Buffer): PngFacts {
  const isIndexed = bytes[25] === 3
  for (let at = 8; isIndexed && at + 12 <= bytes.length; at += bytes.readUInt32BE(at) + 12) {
    if (bytes.toString('latin1', at + 4, at + 8) !== 'PLTE') continue
    const data = bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at))
    return { bitDepth: bytes[24]!, palette: Array.from({ length: Math.floor(data.length / 3) }, (_, index) => pack(data[3 * index]!, data[3 * index + 1]!, data[3 * index + 2]!)) }
  }
  return { bitDepth: bytes[24]!, palette: undefined }
}

/** The label of each colour: the index in the palette, of equal ones the first; else a grey's value; else numbers from 1 on, black being 0. */
function labelsOf(colours: readonly number[], palette: readonly number[] | undefined): ReadonlyMap<number, number> {
  if (palette !== undefined) return new Map(colours.map((colour) => [colour, Math.max(0, palette.indexOf(colour))]))
  if (colours.every((colour) => colour === (colour & 255) * 0x010101)) return new Map(colours.map((colour) => [colour, colour & 255]))
  return new Map([[0, 0], ...colours.filter((colour) => colour !== 0).map((colour, index) => [colour, index + 1] as const)])
}

/**
 * Reads the labels of a mask: palette indices (as DAVIS keeps them), grey values, or one label a colour where there are colours.
 * @param name of the file, for messages
 * @throws EngineError BAD_REQUEST for what has no exact labels, IMG_… when it cannot be decoded
 */
export async function readMask(bytes: Buffer, name: string): Promise<ColouredMask> {
  const header = await readHeader(bytes)
  if (header.format === 'jpeg') throw new EngineError('BAD_REQUEST', `${name} is a JPEG, which keeps no exact labels; save the mask as PNG`, { detail: { name } })
  const { rgb, width, height } = await decodeRgb(bytes, header)
  const facts = header.format === 'png' ? pngFacts(bytes) : undefined
  if (facts?.bitDepth === 16) throw new EngineError('BAD_REQUEST', `${name} has 16 bits a channel; save the mask with 8`, { detail: { name } })
  const found = new Set<number>()
  const packed = new Uint32Array(width * height)
  for (let pixel = 0; pixel < packed.length; pixel++) {
    const colour = pack(rgb[3 * pixel]!, rgb[3 * pixel + 1]!, rgb[3 * pixel + 2]!)
    packed[pixel] = colour
    if (found.has(colour)) continue
    found.add(colour)
    if (found.size > maxLabels) throw new EngineError('BAD_REQUEST', `${name} has more than ${maxLabels} colours; a mask has one for each label, without smooth edges`, { detail: { name } })
  }
  const labelOf = labelsOf([...found].sort((a, b) => a - b), facts?.palette)
  const isGrey = facts?.palette === undefined && [...found].every((colour) => labelOf.get(colour) === (colour & 255))
  const labels = Uint8Array.from(packed, (colour) => labelOf.get(colour)!)
  const colours = new Map(Array.from(labelOf, ([colour, label]) => [label, isGrey ? maskColour(label) : unpack(colour)]))
  return { labels, width, height, colours }
}

/** @throws EngineError BAD_REQUEST where there is nothing to carry */
export function requireMarked({ labels }: LabelMask, what: string): void {
  if (labels.every((label) => label === 0)) throw new EngineError('BAD_REQUEST', `${what} has nothing but background (label 0)`)
}

/** @throws EngineError BAD_REQUEST naming both sizes, where a mask has another shape than its frame */
export function requireShape(mask: LabelMask, frame: { readonly height: number; readonly width: number }, what: string, tolerance = aspectTolerance): void {
  const ratio = mask.width / mask.height / (frame.width / frame.height)
  if (Math.abs(ratio - 1) <= tolerance) return
  throw new EngineError('BAD_REQUEST', `${what} is ${mask.width} × ${mask.height}, the first frame ${frame.width} × ${frame.height}; they must show the same part, so have the same aspect`, {
    detail: { mask: [mask.width, mask.height], frame: [frame.width, frame.height] },
  })
}
