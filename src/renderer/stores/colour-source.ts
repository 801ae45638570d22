/** @file What points of the map can be coloured by. */
import type { Colouring } from '../point-cloud'

/** Something that every picture, or every patch, has one of, in words, numbers or colours. */
export interface ColourSource {
  readonly id: string
  readonly label: string
  readonly hint?: string
  colour(): Colouring | Promise<Colouring>
}
