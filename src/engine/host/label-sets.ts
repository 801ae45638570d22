/** @file Sets of labels of a workspace on the disk: each a folder with what it says now and what it said before. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { readRegularFile, saveFile } from '../files'
import { hexHash } from './hashed-files'
import { createKeptFolders, type KeptFolders } from './kept-folders'
import { noLabel, type LabelState, type StoredLabels } from './label-states'

export type LabelSets = KeptFolders<StoredLabels>

const version = 1
const infoFile = 'labels.json'
const largestInfo = 2 ** 28

const byte = z.int().min(0).max(255)
const id = byte.max(noLabel - 1)
const state = z.strictObject({
  classes: z.array(z.strictObject({ id, name: z.string(), colour: z.tuple([byte, byte, byte]) })),
  pictures: z.array(z.tuple([hexHash, id])),
  /** Content, patches down and across, which patches, and their classes. */
  patches: z.array(z.strictObject({ hash: hexHash, grid: z.tuple([z.int().min(1), z.int().min(1)]), at: z.array(z.int().min(0)), label: z.array(id) })),
})
const description = z.strictObject({
  version: z.literal(version),
  labelSetId: z.string(),
  name: z.string(),
  modelId: z.string(),
  createdAt: z.string(),
  /** The last one is how it is. */
  states: z.array(state).min(1),
})
type WrittenState = z.infer<typeof state>

function unpack({ classes, pictures, patches }: WrittenState): LabelState {
  const known = new Set(classes.map((one) => one.id))
  if ([...pictures.map(([, label]) => label), ...patches.flatMap(({ label }) => label)].some((label) => !known.has(label))) throw new Error('it names classes that it does not have')
  return {
    classes,
    pictures: new Map(pictures),
    patches: new Map(
      patches.map(({ hash, grid: [gridHeight, gridWidth], at, label }) => {
        if (at.length !== label.length || at.some((patch) => patch >= gridHeight * gridWidth)) throw new Error('its patches do not belong together')
        const labels = new Uint8Array(gridHeight * gridWidth).fill(noLabel)
        at.forEach((patch, index) => { labels[patch] = label[index]! })
        return [hash, { gridHeight, gridWidth, labels }]
      }),
    ),
  }
}

function pack({ classes, pictures, patches }: LabelState): WrittenState {
  return {
    classes: classes.map(({ id: one, name, colour }) => ({ id: one, name, colour: [...colour] })),
    pictures: [...pictures],
    patches: Array.from(patches, ([hash, { gridHeight, gridWidth, labels }]) => {
      const at = [...labels.keys()].filter((patch) => labels[patch] !== noLabel)
      return { hash, grid: [gridHeight, gridWidth], at, label: at.map((patch) => labels[patch]!) }
    }),
  }
}

async function readLabels(folder: string): Promise<StoredLabels> {
  const { version: _version, states, ...info } = description.parse(JSON.parse((await readRegularFile(join(folder, infoFile), largestInfo)).toString('utf8')))
  const read = states.map(unpack)
  return { ...info, state: read.at(-1)!, undo: read.slice(0, -1) }
}

async function writeLabels(folder: string, { state: current, undo, ...info }: StoredLabels): Promise<void> {
  await mkdir(folder, { recursive: true })
  await saveFile(join(folder, infoFile), `${JSON.stringify({ version, ...info, states: [...undo, current].map(pack) })}\n`)
}

/**
 * Sets of labels below `root`, read when they are first wanted.
 * @param log of what was found damaged
 */
export function createLabelSets(root: string, log: (line: string) => void): LabelSets {
  return createKeptFolders({
    root,
    what: 'set of labels',
    mainFile: infoFile,
    idOf: ({ labelSetId }) => labelSetId,
    createdAt: ({ createdAt }) => createdAt,
    read: readLabels,
    write: writeLabels,
    log,
  })
}
