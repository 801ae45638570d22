/** @file Requests that are not answered yet. */
import { EngineError, type EngineContract, type Handlers } from '../../contract'
import type { EngineState } from '../engine-state'

type ColourRequests = 'view.colours' | 'colours.create' | 'colours.list' | 'colours.rename' | 'colours.remove' | 'colours.map'

const notYet = (): Promise<never> => Promise.reject(new EngineError('INTERNAL', 'not there yet'))

export function colourHandlers(_state: EngineState): Pick<Handlers<EngineContract>, ColourRequests> {
  return {
    'view.colours': notYet,
    'colours.create': notYet,
    'colours.list': notYet,
    'colours.rename': notYet,
    'colours.remove': notYet,
    'colours.map': notYet,
  }
}
