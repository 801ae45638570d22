/** @file Modules that a package has but does not name among its exports. */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const packages = join(dirname(fileURLToPath(import.meta.url)), '..', 'node_modules')

/** The layout alone: the package's own entry imports its viewer, whose peers are not installed. `tsconfig.base.json` has its types. */
export const moduleAliases = { 'embedding-atlas/umap': join(packages, 'embedding-atlas', 'dist', 'umap.js') }
