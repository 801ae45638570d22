/** @file The pictures of a group of duplicates as they are shown: what there is to tell them apart by, and which one stays. */
import type { DuplicateGroup } from '../../../engine/display'
import { formatBytes, formatDate } from '../../services/format'
import { imageUrl } from '../../services/urls'
import { useDuplicatesStore } from '../../stores/duplicates'
import { folderOf } from '../../stores/image-table'
import { useLibraryStore } from '../../stores/library'

export interface DuplicateMember {
  readonly row: number
  readonly imageId: string
  readonly name: string
  /** '' at the top of the opened folder. */
  readonly folder: string
  readonly relativePath: string
  readonly pixels: string
  readonly bytes: string
  readonly date: string
  readonly kept: boolean
  readonly url: string
  /** Best of its group in this, alone or with others, where they differ at all. */
  readonly mostPixels: boolean
  readonly mostBytes: boolean
}

export function useDuplicateMembers() {
  const duplicates = useDuplicatesStore()
  const library = useLibraryStore()

  /** The first `most` members of a group; where the one that stays is not among them, it goes before them. @param edge longest edge of the pictures, in pixels */
  return (group: DuplicateGroup, most: number, edge: number): readonly DuplicateMember[] => {
    void library.version
    const kept = duplicates.keptOf(group)
    const facts = Array.from(group.rows, duplicates.factsOf)
    const best = (of: (index: number) => number): number => {
      const values = facts.map((_, index) => of(index))
      const top = values.reduce((a, b) => Math.max(a, b), 0)
      return values.every((value) => value === top) ? Infinity : top
    }
    const [pixels, bytes] = [best((index) => facts[index]!.pixels), best((index) => facts[index]!.sizeBytes)]
    const keptPlace = group.rows.indexOf(kept)
    const places = [...(keptPlace < most ? [] : [keptPlace]), ...Array.from(group.rows.keys()).slice(0, most)]
    return places.flatMap((place) => {
      const row = group.rows[place]!
      const entry = library.entryOfRow(row)
      if (entry === undefined) return []
      const size = library.sizeOf(entry.id)
      return [{
        row,
        imageId: entry.id,
        name: entry.name,
        folder: folderOf(entry.relativePath),
        relativePath: entry.relativePath,
        pixels: size === undefined ? '' : `${size.width} × ${size.height}`,
        bytes: formatBytes(entry.sizeBytes),
        date: formatDate(entry.modifiedMs),
        kept: row === kept,
        url: imageUrl(entry.id, edge, library.revisionOf(entry.id)),
        mostPixels: facts[place]!.pixels === pixels,
        mostBytes: facts[place]!.sizeBytes === bytes,
      }]
    })
  }
}
