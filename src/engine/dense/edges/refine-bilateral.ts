/** @file Labels of patches brought to the edges of the picture by joint bilateral upsampling: near patches of like colour vote. */
import type { Pixels } from '../../display'
import type { Size } from './region'

/** Patches on each side that vote. */
const reach = 2
/** Of the distance, in patches. */
const spatialSigma = 0.8
/** Of the colour, 0..255. */
const colourSigma = 16
const rowsAtOnce = 32

/** exp(−d² / 2σ²) of squared colour distances in steps of `colourStep`: that many calls of exp would be most of the time. */
const colourStep = 8
const colourWeights = Float32Array.from({ length: Math.floor((3 * 255 ** 2) / colourStep) + 1 }, (_, index) => Math.exp(-(index * colourStep) / (2 * colourSigma ** 2)) + 1e-6)

/** Mean colour of each patch, float32 [cells, 3]. */
function cellColours({ rgb, height, width }: Pixels, grid: Size): Float32Array {
  const sums = new Float32Array(grid.height * grid.width * 3)
  const counts = new Float32Array(grid.height * grid.width)
  for (let y = 0; y < height; y++) {
    const row = Math.floor((y * grid.height) / height) * grid.width
    for (let x = 0; x < width; x++) {
      const cell = row + Math.floor((x * grid.width) / width)
      counts[cell]!++
      for (let channel = 0; channel < 3; channel++) sums[3 * cell + channel]! += rgb[3 * (y * width + x) + channel]!
    }
  }
  return sums.map((sum, index) => sum / Math.max(1, counts[Math.floor(index / 3)]!))
}

/** Weights of patches `−reach … reach` away by distance from each place on an axis, float32 [places, 2·reach + 1]. */
function distanceWeights(size: number, fine: number): Float32Array {
  const span = 2 * reach + 1
  const weights = new Float32Array(fine * span)
  for (let index = 0; index < fine; index++) {
    const place = ((index + 0.5) * size) / fine - 0.5
    const cell = Math.floor((index * size) / fine)
    for (let offset = -reach; offset <= reach; offset++) weights[index * span + offset + reach] = Math.exp(-((cell + offset - place) ** 2) / (2 * spatialSigma ** 2))
  }
  return weights
}

/** 1 for each cell all of whose voters have its label. */
function settledCells(labels: ArrayLike<number>, { height, width }: Size): Uint8Array {
  const settled = new Uint8Array(height * width).fill(1)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let row = Math.max(0, y - reach); row <= Math.min(height - 1, y + reach); row++)
        for (let column = Math.max(0, x - reach); column <= Math.min(width - 1, x + reach); column++) if (labels[row * width + column] !== labels[y * width + x]) settled[y * width + x] = 0
  return settled
}

/**
 * Writes the label of every pixel into `answer`: the one with the largest sum of weights by distance and by colour.
 * Source: Kopf, Cohen, Lischinski & Uyttendaele, "Joint Bilateral Upsampling" (SIGGRAPH 2007), eq. 3.
 */
export async function refineBilateral<A extends Uint8Array | Uint16Array>(picture: Pixels, labels: A, grid: Size, answer: A, turn: () => Promise<void>): Promise<void> {
  const { rgb, height, width } = picture
  const colours = cellColours(picture, grid)
  await turn()
  const settled = settledCells(labels, grid)
  const [down, across] = [distanceWeights(grid.height, height), distanceWeights(grid.width, width)]
  const span = 2 * reach + 1
  // Sums by label; only those that a pixel's voters touched are set back.
  const votes = new Float32Array(2 ** (8 * labels.BYTES_PER_ELEMENT))
  const decide = (x: number, y: number, column: number, row: number): number => {
    const pixel = 3 * (y * width + x)
    let best = labels[row * grid.width + column]!
    const [top, bottom] = [Math.max(0, row - reach), Math.min(grid.height - 1, row + reach)]
    const [left, right] = [Math.max(0, column - reach), Math.min(grid.width - 1, column + reach)]
    for (let r = top; r <= bottom; r++)
      for (let c = left; c <= right; c++) {
        const cell = r * grid.width + c
        const [red, green, blue] = [rgb[pixel]! - colours[3 * cell]!, rgb[pixel + 1]! - colours[3 * cell + 1]!, rgb[pixel + 2]! - colours[3 * cell + 2]!]
        const alike = colourWeights[Math.floor((red * red + green * green + blue * blue) / colourStep)]!
        votes[labels[cell]!]! += down[y * span + r - row + reach]! * across[x * span + c - column + reach]! * alike
      }
    for (let r = top; r <= bottom; r++)
      for (let c = left; c <= right; c++) {
        const label = labels[r * grid.width + c]!
        if (votes[label]! > votes[best]!) best = label
      }
    for (let r = top; r <= bottom; r++) for (let c = left; c <= right; c++) votes[labels[r * grid.width + c]!] = 0
    return best
  }
  for (let y = 0; y < height; y++) {
    const row = Math.floor((y * grid.height) / height)
    for (let x = 0; x < width; x++) {
      const column = Math.floor((x * grid.width) / width)
      const cell = row * grid.width + column
      answer[y * width + x] = settled[cell] === 1 ? labels[cell]! : decide(x, y, column, row)
    }
    if (y % rowsAtOnce === rowsAtOnce - 1) await turn()
  }
}
