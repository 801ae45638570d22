/** @file Classes of pictures by the folder they lie in, used for scoring alone and never for training. */

export interface ClassFolders {
  /** Names of the folders that pictures lie in, sorted. */
  readonly classes: readonly string[]
  /** Index of each picture's class, int32 `[images]`; -1 for a picture that lies in no sub-folder. */
  readonly labels: Int32Array
}

/** The name of the folder that a picture lies in, below the opened one; undefined directly in the opened folder. */
export function classOf(relativePath: string): string | undefined {
  return relativePath.split('/').at(-2)
}

/** The class of every picture: its parent folder's name, so `train/cat/1.jpg` and `more/cat/2.jpg` are both cats. */
export function classFolders(images: readonly { readonly relativePath: string }[]): ClassFolders {
  const names = images.map(({ relativePath }) => classOf(relativePath))
  const classes = [...new Set(names.filter((name) => name !== undefined))].sort()
  const index = new Map(classes.map((name, label) => [name, label]))
  return { classes, labels: Int32Array.from(names, (name) => (name === undefined ? -1 : (index.get(name) ?? -1))) }
}

/** At most `limit` pictures of each class, the first ones; those of no class are left out. */
export function firstOfEachClass<T extends { readonly relativePath: string }>(images: readonly T[], limit: number): T[] {
  const taken = new Map<string, number>()
  return images.filter(({ relativePath }) => {
    const name = classOf(relativePath)
    if (name === undefined) return false
    const count = taken.get(name) ?? 0
    taken.set(name, count + 1)
    return count < limit
  })
}
