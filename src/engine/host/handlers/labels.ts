/** @file Requests about few named examples: sets of labels, and what follows from them. */
import type { EngineContract, Handlers } from '../../contract'
import type { EngineState } from '../engine-state'
import { changeLabels, createLabels } from '../label-changes'
import { exportLabels } from '../label-export'
import { labelsOfPicture, predictLabels } from '../label-probe'
import { labelInfo } from '../label-states'

type LabelRequests = Extract<keyof Handlers<EngineContract>, `labels.${string}`>

/** `labels.*` */
export function labelHandlers(state: EngineState): Pick<Handlers<EngineContract>, LabelRequests> {
  return {
    'labels.list': async ({ libraryId }) => {
      state.libraries.images(libraryId)
      return (await state.labelSets.list()).map(labelInfo)
    },
    'labels.create': ({ libraryId, modelId, name }) => createLabels(state, libraryId, modelId, name),
    'labels.change': ({ libraryId, labelSetId, change }) => changeLabels(state, libraryId, labelSetId, change),
    'labels.remove': async ({ labelSetId }) => {
      await state.labelSets.remove(labelSetId)
      return undefined
    },
    'labels.predict': (request, context) => predictLabels(state, request, context),
    'labels.picture': (request) => labelsOfPicture(state, request),
    'labels.export': (request, context) => exportLabels(state, request, context),
  }
}
