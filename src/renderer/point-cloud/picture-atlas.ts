/** @file One canvas with the pictures of the points that are near, loaded a few at a time. */
import { createAtlasSlots } from './atlas-slots'

const edge = 2048
const cell = 128
const loadsAtOnce = 6

/** A picture to show: what it is known by, and where it is. */
export interface AtlasPicture {
  readonly key: string
  readonly url: string
}

export interface PictureAtlas {
  readonly canvas: HTMLCanvasElement
  readonly columns: number
  /** Wants these and no others, most wanted first; tells the place of each that is drawn already, -1 for the others. */
  want(pictures: readonly AtlasPicture[]): readonly number[]
  dispose(): void
}

/** @param onDrawn some that were wanted have been drawn; told at most once per frame */
export function createPictureAtlas(onDrawn: () => void): PictureAtlas {
  const canvas = document.createElement('canvas')
  canvas.width = edge
  canvas.height = edge
  const columns = edge / cell
  const context = canvas.getContext('2d')
  const slots = createAtlasSlots(columns * columns)
  const drawn = new Set<string>()
  let queue: { readonly picture: AtlasPicture; readonly slot: number }[] = []
  let loading = 0
  let told = false
  let disposed = false

  const tell = (): void => {
    if (told) return
    told = true
    requestAnimationFrame(() => {
      told = false
      if (!disposed) onDrawn()
    })
  }

  const draw = (image: HTMLImageElement, slot: number): void => {
    const x = (slot % columns) * cell
    const y = Math.floor(slot / columns) * cell
    const scale = cell / Math.max(image.naturalWidth, image.naturalHeight)
    const [width, height] = [image.naturalWidth * scale, image.naturalHeight * scale]
    context?.clearRect(x, y, cell, cell)
    context?.drawImage(image, x + (cell - width) / 2, y + (cell - height) / 2, width, height)
  }

  const load = (): void => {
    while (loading < loadsAtOnce && !disposed) {
      const next = queue.shift()
      if (next === undefined) return
      const { picture, slot } = next
      loading += 1
      const image = new Image()
      const end = (): void => {
        loading -= 1
        load()
      }
      image.onload = () => {
        // Its place may have gone to another while it was loading.
        if (slots.slotOf(picture.key) === slot) {
          draw(image, slot)
          drawn.add(picture.key)
          tell()
        }
        end()
      }
      image.onerror = () => {
        slots.release(picture.key)
        end()
      }
      image.src = picture.url
    }
  }

  return {
    canvas,
    columns,
    want: (pictures) => {
      slots.nextRound()
      for (const { picture } of queue) slots.release(picture.key)
      queue = []
      const places = pictures.map((picture) => {
        const held = slots.take(picture.key)
        if (held === undefined) return -1
        if (held.isNew) {
          drawn.delete(picture.key)
          queue.push({ picture, slot: held.slot })
        }
        return drawn.has(picture.key) ? held.slot : -1
      })
      load()
      return places
    },
    dispose: () => {
      disposed = true
      queue = []
    },
  }
}
