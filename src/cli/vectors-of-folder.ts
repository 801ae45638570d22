/** @file Vectors of a folder for commands that need nothing else of it, wherever they come from. */
import { openRowProducts, type Backbone } from '../engine/inference'
import type { Runtime } from '../engine/runtime'
import { withVectors, type EmbeddedComparedFolder, type VectorOptions } from './compared-folder'
import type { CommandContext } from './context'
import { embedFolder } from './folder-vectors'

/** Rows of the set point into the pictures. */
export type FolderWithVectors = Pick<EmbeddedComparedFolder, 'set' | 'products' | 'skipped'> & { readonly pictures: readonly { readonly relativePath: string }[] }

/**
 * Runs `work` over a folder's vectors: through the index of a workspace where one is named, otherwise in memory, and nothing is kept.
 * @throws as {@link withVectors}
 */
export async function withFolderVectors<T>(folder: string, options: VectorOptions, backbone: Backbone, runtime: Runtime, context: CommandContext, work: (folder: FolderWithVectors) => Promise<T>): Promise<T> {
  if (options.workspace !== undefined) return withVectors(folder, backbone, runtime, options, context, work)
  const { images, set, skipped } = await embedFolder(folder, options.pooling, backbone, context)
  return work({ pictures: images, set, products: (await openRowProducts(runtime)).products, skipped })
}
