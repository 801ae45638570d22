/** @file Importing whatever somebody names: a graph of another maker by a trial, everything else by its weights. */
import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { JobContext, OnnxMapping, Progress } from '../../contract'
import { importModel, type ImportRequest } from '../models/import-model'
import { manifestFile, type OnnxManifest } from '../models/manifest'
import { isVit, openModelFolder, type ModelFolder } from '../models/model-folder'
import { importOnnx, isForeignOnnx } from './import-onnx'
import type { TryOnnx } from './trial'

export interface AnyImportRequest extends ImportRequest {
  /** How an ONNX file is read. What is not told is proposed by the file. An exported file of DinoScope's is read by it too, where it is given. */
  readonly mapping?: Partial<OnnxMapping> | undefined
  readonly tryOnnx: TryOnnx
}

/** @throws EngineError as {@link importModel} and {@link importOnnx} */
export async function importAny({ mapping, tryOnnx, ...request }: AnyImportRequest, context: JobContext<Progress>): Promise<ModelFolder> {
  const source = resolve(request.source)
  if (mapping !== undefined) return importOnnx({ ...request, source, mapping, tryOnnx }, context)
  const folder = await modelFolderAt(source)
  if (folder !== undefined && !isVit(folder)) {
    const { manifest, graph } = folder
    return importOnnx({ ...request, source: graph, name: request.name ?? manifest.name, mapping: mappingOf(manifest), tryOnnx }, context)
  }
  return (await isForeignOnnx(source)) ? importOnnx({ ...request, source, tryOnnx }, context) : importModel({ ...request, source }, context)
}

async function modelFolderAt(path: string): Promise<ModelFolder | undefined> {
  const hasManifest = await stat(join(path, manifestFile)).then((found) => found.isFile(), () => false)
  return hasManifest ? openModelFolder(path) : undefined
}

function mappingOf({ config, preprocessing }: OnnxManifest): OnnxMapping {
  const { name: output, leadingTokens } = config.output
  const { mean, std, crop: size } = preprocessing
  return { output, leadingTokens, mean, std, size }
}
