/** @file The request to take a model away as a file. */
import { basename, join } from 'node:path'
import type { EngineContract, Handlers } from '../../contract'
import type { EngineState } from '../engine-state'
import { exportModelToFile } from '../export-model-to-file'

/** `models.export` */
export function modelExportHandlers({ options, models, exports }: Pick<EngineState, 'options' | 'models' | 'exports'>): Pick<Handlers<EngineContract>, 'models.export'> {
  return {
    'models.export': async ({ modelId, format, bakedSize, precision }, context) => {
      const model = await models.stored(modelId)
      const name = `${basename(model.folder)}.${format}`
      const { exportId, files, result } = await exports.create((folder) =>
        exportModelToFile(
          model,
          { path: join(folder, name), format, size: bakedSize, precision, attention: 'cls', picturesFolder: join(options.resources, 'samples'), threads: options.threads },
          context,
        ),
      )
      return { exportId, files, parity: result.parity }
    },
  }
}
