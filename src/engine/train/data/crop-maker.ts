/** @file The work of one thread: decoded pictures in, normalised patch rows of their crops out, straight into the batch. */
import { setImmediate } from 'node:timers/promises'
import { EngineError, toWire, type WireError } from '../../contract'
import { augmentCrop, writePatchRows, type RgbPixels } from '../../image'
import { createLanes } from '../../library'
import { randomStreamAt } from '../../tensor'
import { openLargeGate } from './large-gate'
import type { BatchLayout, Triple } from './layout'
import { createPictureSource, type PictureRequest } from './picture-source'
import { neededEdge } from './shrink'

/** Everything that a thread has to know once; plain data that crosses to a worker. */
export interface CropMakerOptions {
  readonly layout: BatchLayout
  readonly mean: Triple
  readonly std: Triple
  readonly seed: number
  /** Of this thread. */
  readonly cacheBytes: number
  /** Memory of the batches being made, each float32 [layout.values]; shared between threads. */
  readonly slots: readonly Float32Array[]
  readonly largeGate: SharedArrayBuffer
}

/** All crops of one picture, for one row of the batch. */
export interface CropItem extends PictureRequest {
  /** Which of the batch's pictures it is. */
  readonly row: number
  readonly pass: number
  /** Number of the stream of its first crop; the others follow. */
  readonly firstStream: number
}

/** Rows of one batch. */
export interface CropTask {
  readonly slot: number
  readonly items: readonly CropItem[]
}

/** A picture that could not be read; its row has not been written. */
export interface CropFailure {
  readonly row: number
  readonly error: WireError
}

export interface CropMaker {
  /** Writes what can be read and tells what cannot. @throws what is wrong with the crops themselves */
  make(task: CropTask): Promise<readonly CropFailure[]>
  /** Bytes of decoded pictures kept. */
  readonly cachedBytes: number
  /** Begins no further picture; what waits is refused. */
  stop(): void
}

/** Reading takes several turns of the event loop, each of which waits for a picture's crops: enough pictures under way hide that. */
const picturesUnderWay = 8

export function createCropMaker(options: CropMakerOptions): CropMaker {
  const { layout, slots, cacheBytes } = options
  const lanes = createLanes(picturesUnderWay, picturesUnderWay)
  const source = createPictureSource({ cacheBytes, needed: neededEdge(layout.groups), passLarge: openLargeGate(options.largeGate) })

  let isStopped = false
  const requireRunning = (): void => {
    if (isStopped) throw new EngineError('CANCELLED', 'the training data loader was closed')
  }

  const makeItem = async (item: CropItem, target: Float32Array): Promise<readonly CropFailure[]> => {
    requireRunning()
    let picture: RgbPixels
    try {
      picture = await source.read(item)
    } catch (error) {
      return [{ row: item.row, error: toWire(error) }]
    }
    // Crops of pictures in the cache would follow each other without a pause, and nothing else be heard.
    await setImmediate()
    requireRunning()
    writeCrops(options, item, picture, target)
    return []
  }

  return {
    make: async ({ slot, items }) => {
      const failures = await Promise.all(items.map((item) => lanes.background(() => makeItem(item, slots[slot]!))))
      return failures.flat()
    },
    get cachedBytes() {
      return source.cachedBytes
    },
    stop: () => { isStopped = true },
  }
}

function writeCrops({ layout, mean, std, seed }: CropMakerOptions, { image, pass, row, firstStream }: CropItem, picture: RgbPixels, target: Float32Array): void {
  for (const { size, crops, firstCrop, cropValues, offset } of layout.groups) {
    crops.forEach((recipe, index) => {
      const rgb = augmentCrop(picture, recipe, randomStreamAt(seed, 'augment', pass, image, firstStream + firstCrop + index))
      writePatchRows({ rgb, height: size, width: size }, layout.patchSize, mean, std, target, offset + (index * layout.batch + row) * cropValues)
    })
  }
}
