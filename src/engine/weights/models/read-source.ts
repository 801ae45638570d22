/** @file From the files of a source to a configuration and a tensor for each of its parameters. */
import { EngineError } from '../../contract'
import type { VitConfig } from '../../nn'
import type { Checkpoint } from '../bytes/tensor-source'
import { defaultPreprocessing, parseConfigFile, parsePreprocessor, type ConfigClaims, type Preprocessing } from '../layout/config-file'
import { inferConfig } from '../layout/infer-config'
import { matchParameters, type MatchedParameters } from '../layout/match-parameters'
import { officialTensors, type OfficialTensors } from '../layout/official-tensors'
import { selectState, type CheckpointKey } from '../layout/select-state'
import { openCheckpoint } from '../open-checkpoint'
import { readDescription, verifyElements, type EmbeddedDescription } from './embedded-description'
import type { ModelKind } from './manifest'
import { readText, type ModelSource } from './model-source'

/** A backbone found in a source, not yet read. */
export interface FoundBackbone extends MatchedParameters {
  readonly config: VitConfig
  readonly preprocessing: Preprocessing
  readonly kind: ModelKind
  readonly checkpointKey: string | undefined
  /** What the file says of itself, where DinoScope wrote it. */
  readonly described: EmbeddedDescription | undefined
  close(): Promise<void>
}

/**
 * Opens the weights of a source and finds the backbone in them; the caller closes it.
 * @throws EngineError MODEL_KEYS, MODEL_UNSUPPORTED, MODEL_DAMAGED, or what the readers throw
 */
export async function readSource(source: Extract<ModelSource, { readonly kind: 'weights' }>, wanted?: CheckpointKey): Promise<FoundBackbone> {
  const checkpoint = await openShards(source.path, source.files)
  try {
    const { state, key } = selectState(source.path, checkpoint, wanted)
    const official = officialTensors(source.path, state)
    const described = readDescription(source.path, checkpoint.metadata)
    const config = described?.config ?? inferConfig(source.path, official.tensors, await readClaims(source, official))
    const matched = matchParameters(source.path, config, official)
    if (described !== undefined) await verifyElements(source.path, described, state)
    return {
      ...matched,
      config,
      preprocessing: described?.preprocessing ?? (await readPreprocessing(source, official)),
      kind: described === undefined ? kindOf(config, official) : 'dinoscope',
      checkpointKey: key,
      described,
      close: () => checkpoint.close(),
    }
  } catch (error) {
    await checkpoint.close()
    throw error
  }
}

/** One file as it is; several as one state dict, in which every name must occur once. */
async function openShards(path: string, files: readonly string[]): Promise<Checkpoint> {
  const opened: Checkpoint[] = []
  const close = async (): Promise<void> => {
    for (const checkpoint of opened) await checkpoint.close()
  }
  try {
    for (const file of files) opened.push(await openCheckpoint(file))
    const [first, ...others] = opened
    if (first === undefined) throw new EngineError('INTERNAL', `openShards: ${path} has no files`)
    if (others.length === 0) return first
    const all = opened.flatMap(({ groups }) => [...(groups.get('') ?? [])])
    const joined = new Map(all)
    if (joined.size !== all.length) throw new EngineError('MODEL_TENSOR', `${path}: its shards have tensors of the same name`, { detail: { path } })
    return { format: first.format, groups: new Map([['', joined]]), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** A Hugging Face config says nothing about official weights that merely share its folder. */
async function readClaims(
  { configFile, configDescribesWeights }: Extract<ModelSource, { readonly kind: 'weights' }>,
  { huggingFace }: OfficialTensors,
): Promise<ConfigClaims | undefined> {
  if (configFile === undefined) return undefined
  const claims = parseConfigFile(configFile, await readText(configFile), configDescribesWeights, huggingFace)
  return claims?.origin === 'hugging-face' && huggingFace === undefined ? undefined : claims
}

async function readPreprocessing(
  { preprocessorFile }: Extract<ModelSource, { readonly kind: 'weights' }>,
  { huggingFace }: OfficialTensors,
): Promise<Preprocessing> {
  return preprocessorFile === undefined || huggingFace === undefined ? defaultPreprocessing : parsePreprocessor(await readText(preprocessorFile))
}

function kindOf(config: VitConfig, { huggingFace }: OfficialTensors): ModelKind {
  switch (huggingFace) {
    case undefined:
      return config.family === 'dino' ? 'fb-dino' : 'fb-dinov2'
    case 'dinov2':
      return 'hf-dinov2'
    case 'dinov2_with_registers':
      return 'hf-dinov2-with-registers'
    case 'vit':
      return 'hf-vit'
  }
}
