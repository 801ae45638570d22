/** @file Names of the official DINO and DINOv2 checkpoints: wrappers removed, chunked blocks flattened. */

/** Wrappers of distributed training and of the training model. Source: dino/utils.py:71-82, dinov2/utils/utils.py:20-33. */
const wrappers = /module\.|backbone\.|_orig_mod\./g
/** With block chunks a block is named by its chunk and by its index in the whole model; the second is enough. */
const chunkedBlock = /^blocks\.\d+\.(\d+)\./

/** `module.backbone.blocks.1.3.norm1.weight` becomes `blocks.3.norm1.weight`. */
export function facebookName(name: string): string {
  return name.replace(wrappers, '').replace(chunkedBlock, 'blocks.$1.')
}
