/**
 * @file A question about patches whose answer is known without a label: two photos are cut into pieces and the pieces laid on a
 * board, in an order that is drawn anew each time. Which patches belong to the same photo? Neighbours do not tell, nor does the place.
 */
import { readdir } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { kMeans, unitVectors } from '../../src/engine/collection'
import { adjustedRand } from '../../src/engine/dense'
import { prepareWhole, readImageFile, type PreparedImage } from '../../src/engine/image'
import { patchBatch, type Backbone, type RowProducts } from '../../src/engine/inference'
import { randomStream, type RandomStream } from '../../src/engine/tensor'

/** Pieces along each edge of the board, and patches along each edge of a piece. */
const [pieces, patches] = [4, 4]
const patchSize = 8
const pieceEdge = patches * patchSize
const edge = pieces * pieceEdge

export interface Mosaic {
  readonly picture: PreparedImage
  /** Photo of each patch, 0 or 1: int32 [(pieces · patches)²]. */
  readonly truth: Int32Array
}

const pictureNames = async (folder: string): Promise<string[]> => (await readdir(folder)).filter((name) => ['.jpg', '.jpeg', '.png'].includes(extname(name).toLowerCase())).sort()

/** A piece of `photo` at a drawn place goes to the place `at` of the board. */
function layPiece(board: Uint8Array, at: number, photo: PreparedImage, random: RandomStream): void {
  const left = Math.floor(random.uniform() * (photo.width - pieceEdge + 1))
  const top = Math.floor(random.uniform() * (photo.height - pieceEdge + 1))
  const [x, y] = [(at % pieces) * pieceEdge, Math.floor(at / pieces) * pieceEdge]
  for (let row = 0; row < pieceEdge; row++) {
    const from = 3 * ((top + row) * photo.width + left)
    board.set(photo.rgb.subarray(from, from + 3 * pieceEdge), 3 * ((y + row) * edge + x))
  }
}

function layBoard(photos: readonly [PreparedImage, PreparedImage], random: RandomStream): Mosaic {
  const owner = Array.from({ length: pieces ** 2 }, (_, at) => at % 2)
  for (let at = owner.length - 1; at > 0; at--) {
    const other = Math.floor(random.uniform() * (at + 1))
    ;[owner[at], owner[other]] = [owner[other]!, owner[at]!]
  }
  const rgb = new Uint8Array(3 * edge * edge)
  owner.forEach((which, at) => { layPiece(rgb, at, photos[which as 0 | 1], random) })
  const across = pieces * patches
  const truth = Int32Array.from({ length: across ** 2 }, (_, patch) => owner[Math.floor(patch / across / patches) * pieces + Math.floor((patch % across) / patches)]!)
  return { picture: { rgb, height: edge, width: edge, extent: { left: 0, top: 0, width: 1, height: 1 }, note: '' }, truth }
}

/** Boards of pairs of photos of a folder, the same for the same seed. */
export async function* mosaicsOf(folder: string, count: number, seed: number): AsyncGenerator<Mosaic> {
  const names = await pictureNames(folder)
  for (let board = 0; board < count; board++) {
    const random = randomStream(seed, board)
    const first = Math.floor(random.uniform() * names.length)
    const second = (first + 1 + Math.floor(random.uniform() * (names.length - 1))) % names.length
    const [left, right] = await Promise.all([first, second].map(async (at) => prepareWhole(await readImageFile(join(folder, names[at]!)), { size: edge, patchSize, maxPatches: 4096 })))
    yield layBoard([left!, right!], random)
  }
}

/** float32 [patches, dim], and dim. */
export type PatchFeatures = (mosaic: Mosaic) => Promise<readonly [Float32Array<ArrayBuffer>, number]>

export const tokenFeatures = (backbone: Backbone): PatchFeatures => async ({ picture }) => [Float32Array.from((await backbone.embedPatches(patchBatch(backbone, picture))).patches), backbone.config.dim]

/** Mean and standard deviation of each colour of each patch, centred over the board and scaled to the same spread: what k-means can do with colours. */
export const colourFeatures: PatchFeatures = ({ picture }) => {
  const across = pieces * patches
  const features = new Float32Array(across ** 2 * 6)
  for (let patch = 0; patch < across ** 2; patch++)
    for (let channel = 0; channel < 3; channel++) {
      let [sum, squares] = [0, 0]
      for (let pixel = 0; pixel < patchSize ** 2; pixel++) {
        const y = Math.floor(patch / across) * patchSize + Math.floor(pixel / patchSize)
        const value = picture.rgb[3 * (y * edge + (patch % across) * patchSize + (pixel % patchSize)) + channel]!
        sum += value
        squares += value * value
      }
      const mean = sum / patchSize ** 2
      features[patch * 6 + channel] = mean
      features[patch * 6 + 3 + channel] = Math.sqrt(Math.max(0, squares / patchSize ** 2 - mean * mean))
    }
  for (let column = 0; column < 6; column++) {
    const values = Array.from({ length: across ** 2 }, (_, patch) => features[patch * 6 + column]!)
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) || 1
    values.forEach((value, patch) => { features[patch * 6 + column] = (value - mean) / spread })
  }
  return Promise.resolve([features, 6])
}

/** How far two clusters of a board's patches agree with the photos they are of, 0 for chance and 1 for all: adjusted Rand index of each board. */
export async function scoreMosaics(mosaics: readonly Mosaic[], featuresOf: PatchFeatures, products: RowProducts): Promise<readonly number[]> {
  const scores: number[] = []
  for (const mosaic of mosaics) {
    const [features, dim] = await featuresOf(mosaic)
    const set = { dim, rows: Uint32Array.from(mosaic.truth.keys()), matrix: unitVectors(features, dim, 'cls') }
    const { labels } = await kMeans(set, { clusters: 2, restarts: 8, seed: 1, products, signal: new AbortController().signal })
    scores.push(adjustedRand(labels, mosaic.truth))
  }
  return scores
}
