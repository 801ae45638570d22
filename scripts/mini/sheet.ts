/** @file The sample photos through the untrained network and through the trained one, side by side. */
import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import sharp from 'sharp'

const cell = { width: 240, height: 160 } as const
const gap = 6
const labels = ['photo', 'attention, untrained', 'attention', 'PCA, untrained', 'PCA'] as const
const labelHeight = 26
const background = '#14161a'

const labelOf = (text: string): Buffer => Buffer.from(`<svg width="${cell.width}" height="${labelHeight}"><text x="2" y="18" font-family="sans-serif" font-size="14" fill="#c8ccd4">${text}</text></svg>`)

/** Writes a JPEG with a row for each photo of `samples` that `probes` has pictures of. */
export async function writeSheet(probes: string, samples: string, path: string): Promise<void> {
  const names = (await readdir(samples)).filter((name) => name.endsWith('.jpg')).map((name) => basename(name, '.jpg')).filter((name) => name !== 'galaxies')
  const shrunk = (file: string) => sharp(file).resize({ ...cell, fit: 'cover', kernel: 'cubic' }).png().toBuffer()
  // Patches stay patches.
  const blocks = (file: string) => sharp(file).resize({ ...cell, fit: 'cover', kernel: 'nearest' }).png().toBuffer()
  const rows = await Promise.all(names.map((name) => Promise.all([
    shrunk(join(samples, `${name}.jpg`)),
    ...['attention-mean', 'pca'].flatMap((kind) => [blocks(join(probes, 'untrained', `${name}-${kind}.png`)), blocks(join(probes, `${name}-${kind}.png`))]),
  ])))
  const at = (column: number) => column * (cell.width + gap)
  const pictures = rows.flatMap((row, index) => row.map((input, column) => ({ input, left: at(column), top: labelHeight + index * (cell.height + gap) })))
  const titles = labels.map((text, column) => ({ input: labelOf(text), left: at(column), top: 0 }))
  await sharp({ create: { width: at(labels.length) - gap, height: labelHeight + rows.length * (cell.height + gap) - gap, channels: 3, background } })
    .composite([...titles, ...pictures])
    .jpeg({ quality: 88 })
    .toFile(path)
}
