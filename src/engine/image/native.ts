/** @file Loads sharp and leaves it only the decoders of the formats we support. Nothing else may import sharp. */
import { createRequire } from 'node:module'
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads'
import type Sharp from 'sharp'
import { EngineError } from '../contract'

// libvips reads this once, while sharp loads. A bundler moves import statements above it, a call to require stays below.
process.env.VIPS_BLOCK_UNTRUSTED = '1'

export const sharp = createRequire(import.meta.url)('sharp') as typeof Sharp

// An allow-list on top of it, which also holds where somebody else loaded sharp first. Buffers alone: libvips takes
// options from file names, so that reading one path can open another. The list is the process's, so a worker thread
// inherits it: set once more, it would refuse for a moment what another thread is decoding.
const blocked = 'dinoscope:loaders-blocked'
if (getEnvironmentData(blocked) !== true) {
  sharp.block({ operation: ['VipsForeignLoad'] })
  sharp.unblock({ operation: ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Tiff', 'Heif'].map((format) => `VipsForeignLoad${format}Buffer`) })
  setEnvironmentData(blocked, true)
}

// Files are decoded once each, and several at a time: neither libvips' cache nor its own threads gain anything.
sharp.cache(false)
sharp.concurrency(1)

const probe = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8"/></svg>'

/**
 * Proves that an SVG is refused, which stands for all loaders that could read other files. The engine calls it as it starts.
 * @throws EngineError INTERNAL when the block is not in force
 */
export async function assertUntrustedLoadersBlocked(): Promise<void> {
  const decoded = await sharp(Buffer.from(probe)).raw().toBuffer().then(
    () => true,
    () => false,
  )
  if (decoded) throw new EngineError('INTERNAL', 'assertUntrustedLoadersBlocked: libvips decoded an SVG although its loader is blocked')
}
