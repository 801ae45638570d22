/** @file Cells of the patch grid as pixels of a picture file. Pure. */

/** RGB pixels, uint8 [height, width, 3]. */
export interface Pixels {
  readonly rgb: Uint8Array
  readonly height: number
  readonly width: number
}

/** Each cell of the grid as a block of pixels. `rgb` is uint8 [grid.height, grid.width, 3]. */
export function enlargeCells(rgb: Uint8Array, grid: { readonly height: number; readonly width: number }, height: number, width: number): Pixels {
  const out = new Uint8Array(height * width * 3)
  for (let y = 0; y < height; y++) {
    const row = Math.floor((y * grid.height) / height) * grid.width
    for (let x = 0; x < width; x++) {
      const from = 3 * (row + Math.floor((x * grid.width) / width))
      out.set(rgb.subarray(from, from + 3), 3 * (y * width + x))
    }
  }
  return { rgb: out, height, width }
}

/** uint8 [pixels, 4] to [pixels, 3]. */
export function withoutAlpha(rgba: Uint8Array): Uint8Array<ArrayBuffer> {
  const rgb = new Uint8Array((rgba.length / 4) * 3)
  for (let pixel = 0; pixel < rgb.length / 3; pixel++) rgb.set(rgba.subarray(4 * pixel, 4 * pixel + 3), 3 * pixel)
  return rgb
}
