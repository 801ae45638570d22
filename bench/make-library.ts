/** @file Makes folders of very many small pictures in little time: some hundred encoded ones, each file with a comment of its own. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encodePng, renderImage } from '../src/engine/image'
import { randomStreamAt } from '../src/engine/tensor'

export interface LibraryShape {
  readonly files: number
  /** How many of them lie in each folder. */
  readonly perFolder: number
}

const writesAtOnce = 16
const differentPictures = 240
const longEdge = 320
const comment = 0xfffe

/** Discs of random colours on a slope: smooth enough to encode like a photograph, and no two alike. */
async function drawPicture(seed: number): Promise<Buffer> {
  const random = randomStreamAt(1, 'probe', seed)
  const [width, height] = [longEdge, 180 + Math.floor(random.uniform() * 100)]
  const slope = Array.from({ length: 3 }, () => [random.uniform() * 255, random.uniform() * 255])
  const discs = Array.from({ length: 12 }, () => ({
    x: random.uniform() * width,
    y: random.uniform() * height,
    squared: (8 + random.uniform() * 60) ** 2,
    colour: [0, 1, 2].map(() => random.uniform() * 255),
  }))
  const rgb = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const disc = discs.findLast((candidate) => (candidate.x - x) ** 2 + (candidate.y - y) ** 2 < candidate.squared)
      for (let channel = 0; channel < 3; channel++) {
        const [from = 0, to = 0] = slope[channel] ?? []
        rgb[(y * width + x) * 3 + channel] = disc?.colour[channel] ?? from + ((to - from) * x) / width
      }
    }
  }
  return Buffer.from((await renderImage(await encodePng(rgb, width, height), longEdge)).bytes)
}

/** The JPEG with a comment behind its first marker, by which its bytes, and so its hash, are its own. */
function withComment(jpeg: Buffer, text: string): Buffer {
  const segment = Buffer.alloc(4 + text.length)
  segment.writeUInt16BE(comment)
  segment.writeUInt16BE(2 + text.length, 2)
  segment.write(text, 4, 'latin1')
  return Buffer.concat([jpeg.subarray(0, 2), segment, jpeg.subarray(2)])
}

/** Where the picture of a number lies below the folder. */
export function madePath(index: number, { perFolder }: LibraryShape): string {
  return join(`folder ${Math.floor(index / perFolder)}`, `IMG_${index}.jpg`)
}

/** Fills an empty folder; the same shape gives the same bytes. */
export async function makeLibrary(folder: string, shape: LibraryShape): Promise<void> {
  const pictures: Buffer[] = []
  for (let seed = 0; seed < Math.min(differentPictures, shape.files); seed++) pictures.push(await drawPicture(seed))
  for (let first = 0; first < shape.files; first += shape.perFolder) await mkdir(join(folder, `folder ${Math.floor(first / shape.perFolder)}`), { recursive: true })
  let next = 0
  const write = async (): Promise<void> => {
    while (next < shape.files) {
      const index = next++
      const jpeg = pictures[index % pictures.length] ?? Buffer.alloc(0)
      await writeFile(join(folder, madePath(index, shape)), withComment(jpeg, `picture ${index}`))
    }
  }
  await Promise.all(Array.from({ length: writesAtOnce }, write))
}
