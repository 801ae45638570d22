/** @file `dinoscope propagate`: a mask of the first frame carried through a folder of frames. */
import { mkdir } from 'node:fs/promises'
import { basename, join, resolve, sep } from 'node:path'
import { overlayLabels } from '../../engine/dense'
import { maskColour } from '../../engine/display'
import { encodeIndexedPng } from '../../engine/export'
import { saveFile } from '../../engine/files'
import { compareFrames, frameNames, propagateFrames, readMask, requireMarked, requireShape } from '../../engine/host'
import { decodeRgb, encodePng, readHeader, readImageFile } from '../../engine/image'
import { openRowProducts } from '../../engine/inference'
import type { CommandContext, CommandResult } from '../context'
import { exitCodes, UsageError } from '../exit-codes'
import { withBackbone, type ModelOptions } from '../models'
import { prepareOutputFolder } from '../output'
import { problemLine, scanPictures } from '../scan'

export interface PropagateOptions extends ModelOptions {
  readonly mask: string
  readonly out: string
  /** Short edge that frames are looked at with. */
  readonly size: number
  readonly overlays?: boolean
}

const overlaysFolder = 'overlays'

/** Reads the mask before the frames, so that a wrong one is told at once. */
export async function propagate(folder: string, options: PropagateOptions, context: CommandContext): Promise<CommandResult> {
  const { mask: maskPath, out, size, overlays = false } = options
  const { terminal } = context
  if (`${resolve(out)}${sep}`.startsWith(`${resolve(folder)}${sep}`)) throw new UsageError(`--out: ${out} lies in the folder of the frames, where masks would be taken for frames the next time`)
  const maskName = basename(maskPath)
  const mask = await readMask(await readImageFile(maskPath), maskName)
  requireMarked(mask, maskName)
  const { images, skipped: unread } = await scanPictures(folder, context)
  const frames = [...images].sort(compareFrames)
  await prepareOutputFolder(out)
  if (overlays) await mkdir(join(out, overlaysFolder), { recursive: true })
  const names = frameNames(frames.map(({ relativePath }) => relativePath), '.png')
  const colourFor = (label: number) => mask.colours.get(label) ?? maskColour(label)
  const written: { readonly frame: string; readonly mask: string; readonly overlay: string | undefined }[] = []

  return withBackbone(options, context, async (backbone, runtime) => {
    const { products, release } = await openRowProducts(runtime)
    try {
      const summary = await propagateFrames(
        backbone,
        products,
        {
          frames: frames.map(({ path, relativePath }) => ({ relativePath, read: () => readImageFile(path) })),
          first: (frame) => {
            requireShape(mask, frame, `the mask ${maskName}`)
            return mask
          },
          size,
          onFrame: async ({ index, mask: found }) => {
            const [{ path, relativePath }, name] = [frames[index]!, names[index]!]
            await saveFile(join(out, name), await encodeIndexedPng(found.labels, found.width, found.height, colourFor))
            const overlay = overlays ? join(overlaysFolder, name) : undefined
            if (overlay !== undefined) {
              const bytes = await readImageFile(path)
              const painted = overlayLabels(await decodeRgb(bytes, await readHeader(bytes)), found.labels, colourFor)
              await saveFile(join(out, overlay), await encodePng(painted.rgb, painted.width, painted.height))
            }
            written.push({ frame: relativePath, mask: name, overlay })
          },
          onSkipped: (problem) => {
            terminal.note(problemLine(problem))
          },
        },
        context,
      )
      const { id, name, weights, trained } = backbone.manifest
      const classes = summary.classes.map((label) => ({ label, colour: colourFor(label) }))
      const model = { id, name, trained, sha256: weights.sha256 }
      const facts = { folder, mask: maskName, size, model, classes, frames: written, skipped: [...unread, ...summary.skipped], framesPerSecond: summary.framesPerSecond }
      await saveFile(join(out, 'labels.json'), `${JSON.stringify({ model, size, classes, frames: written }, undefined, 2)}\n`)
      terminal.result({ ...facts, out }, [`${written.length} masks${overlays ? ' and overlays' : ''} with ${classes.length - 1} ${classes.length === 2 ? 'label' : 'labels'} in ${out}, ${summary.framesPerSecond.toPrecision(3)} frames a second`])
      return facts.skipped.length === 0 ? exitCodes.done : exitCodes.failed
    } finally {
      await release()
    }
  })
}
