/** @file What can be downloaded: the catalogue that comes with the program. */
import { z } from 'zod'
import { EngineError, messageOf } from '../../contract'
import { readRegularFile } from '../../files'

const common = {
  id: z.string().regex(/^[a-z0-9-]+$/),
  name: z.string(),
  parameters: z.int().positive(),
  /** About: what servers give is not known to the byte. */
  aboutBytes: z.int().positive(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/).optional(),
  licence: z.string(),
  goodFor: z.string(),
  url: z.url({ protocol: /^https$/ }),
}
const entry = z.discriminatedUnion('kind', [
  z.strictObject({
    ...common,
    kind: z.literal('backbone'),
    architecture: z.string(),
    /** Billions of multiply-accumulates of a picture of 224 × 224. */
    gmacs: z.number().positive(),
    /** k-NN accuracy on ImageNet-1k in percent, as its authors tell it. */
    knnImageNet: z.number(),
  }),
  z.strictObject({ ...common, kind: z.enum(['depth', 'segmentation']), backbone: z.string() }),
])
const catalogue = z.strictObject({ version: z.literal(1), source: z.string(), entries: z.array(entry) })

export type CatalogueEntry = z.infer<typeof entry>

const largestCatalogue = 2 ** 20

/** @throws EngineError INTERNAL when the program's own file is damaged */
export async function readCatalogue(path: string): Promise<readonly CatalogueEntry[]> {
  try {
    return catalogue.parse(JSON.parse((await readRegularFile(path, largestCatalogue)).toString('utf8'))).entries
  } catch (error) {
    throw new EngineError('INTERNAL', `the catalogue of models (${path}) is damaged; install DinoScope again: ${messageOf(error)}`, { detail: { path }, cause: error })
  }
}

/**
 * The address of an entry, at a mirror where one is set: the mirror's address and then the path as it is at the source.
 * @throws EngineError BAD_REQUEST for a mirror that is no address
 */
export function addressOf({ url }: Pick<CatalogueEntry, 'url'>, mirror: string | undefined): string {
  if (mirror === undefined || mirror === '') return url
  if (!URL.canParse(mirror) || !/^https?:$/.test(new URL(mirror).protocol)) throw new EngineError('BAD_REQUEST', `the mirror ${JSON.stringify(mirror)} is no address that begins with http:// or https://`, { detail: { mirror } })
  return mirror.replace(/\/+$/, '') + new URL(url).pathname
}
