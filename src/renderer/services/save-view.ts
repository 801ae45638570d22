/** @file The picture with its overlay as one PNG, handed to the person as a download. */
import type { Extent } from '../../engine/contract'

export interface ComposedView {
  readonly picture: HTMLImageElement
  readonly overlay: HTMLCanvasElement
  readonly extent: Extent
  readonly opacity: number
  readonly smooth: boolean
}

/** @throws Error when the browser cannot encode it */
export async function pngOf(canvas: HTMLCanvasElement): Promise<Blob> {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob === null) reject(new Error(`the browser could not encode ${canvas.width} × ${canvas.height} pixels as PNG`))
      else resolve(blob)
    }, 'image/png')
  })
}

/** At the size at which the picture is loaded. @throws Error when the browser cannot encode it */
export async function composeView({ picture, overlay, extent, opacity, smooth }: ComposedView): Promise<Blob> {
  const canvas = document.createElement('canvas')
  canvas.width = picture.naturalWidth
  canvas.height = picture.naturalHeight
  const context = canvas.getContext('2d')
  if (context === null) throw new Error('composeView: the browser gives no canvas')
  context.drawImage(picture, 0, 0)
  context.globalAlpha = opacity
  context.imageSmoothingEnabled = smooth
  context.imageSmoothingQuality = 'high'
  const { width, height } = canvas
  context.drawImage(overlay, extent.left * width, extent.top * height, extent.width * width, extent.height * height)
  return pngOf(canvas)
}

/** Offers `blob` under `name` as the browser does with downloads. */
export function download(blob: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  // The browser reads the blob after the click has returned.
  setTimeout(() => {
    URL.revokeObjectURL(link.href)
  }, 10_000)
}

/** `chelsea.png` and `attention head 3` → `chelsea - attention head 3.png`. */
export function viewFileName(imageName: string, words: string): string {
  const stem = imageName.replace(/\.[^.]*$/, '')
  return `${stem} - ${words}.png`.replace(/[\\/:*?"<>|]/g, '_')
}
