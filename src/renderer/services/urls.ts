/** @file Addresses of pictures and exports: opaque ids beside the page, in both homes the same. */

/** Longest edges the page asks for, so that the same few renderings are made and cached. */
const edges = [128, 192, 256, 384, 512, 768, 1600, 4096] as const

/** The smallest usual edge that covers `pixels` device pixels. */
export function coveringEdge(pixels: number): number {
  return edges.find((edge) => edge >= pixels) ?? edges[edges.length - 1] ?? pixels
}

/** Where the picture is, rendered no larger than `edge` pixels. A file that became another picture gets another address. */
export function imageUrl(imageId: string, edge: number, revision = 0): string {
  return `image/${encodeURIComponent(imageId)}?edge=${edge}${revision === 0 ? '' : `&v=${revision}`}`
}

/** Where one file of an export can be downloaded. */
export function exportUrl(exportId: string, name: string): string {
  return `export/${encodeURIComponent(exportId)}/${encodeURIComponent(name)}`
}
