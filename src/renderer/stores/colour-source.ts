/** @file What points of the map can be coloured by. */
import type { Progress } from '../../engine/contract'
import type { Colouring } from '../point-cloud'

/** What takes long tells how far it is, and ends when it is not wanted any more. */
export interface ColourWork {
  readonly signal: AbortSignal
  onProgress(progress: Progress): void
}

/** Something that every picture, or every patch, has one of, in words, numbers or colours. */
export interface ColourSource {
  readonly id: string
  readonly label: string
  readonly hint?: string
  /** Of its numbers. */
  readonly unit?: 'm'
  /** What to say where nothing is known by it. */
  readonly nothing?: string
  /** Where what it needs can be had. */
  readonly remedy?: { readonly label: string; readonly path: string }
  colour(work: ColourWork): Colouring | Promise<Colouring>
}
