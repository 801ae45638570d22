/** @file Plain data about official models that can be downloaded. */

export type HubKind = 'backbone' | 'depth' | 'segmentation'

export interface HubEntry {
  readonly entryId: string
  readonly kind: HubKind
  readonly name: string
  /** Of a backbone. */
  readonly architecture: string | undefined
  /** Of a head: the entry it belongs to. */
  readonly backbone: string | undefined
  readonly parameters: number
  /** About. */
  readonly bytes: number
  readonly licence: string
  readonly goodFor: string
  /** k-NN accuracy on ImageNet-1k in percent, as its authors tell it. */
  readonly knnImageNet: number | undefined
  /** Pictures a second on this machine, worked out from what another model did here; undefined until one has run. */
  readonly imagesPerSecond: number | undefined
  readonly url: string
  /** Id of the model or head that was made of it. */
  readonly installed: string | undefined
  /** Bytes that came before a download broke off. */
  readonly begunBytes: number
}

export interface HubDownload {
  readonly modelId: string | undefined
  readonly headId: string | undefined
}
