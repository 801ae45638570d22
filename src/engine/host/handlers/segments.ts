/** @file Requests that are not answered yet. */
import { EngineError, type EngineContract, type Handlers } from '../../contract'
import type { EngineState } from '../engine-state'

type SegmentRequests = 'segments.find' | 'segments.list' | 'segments.load' | 'segments.change' | 'segments.remove' | 'segments.picture' | 'segments.pixels' | 'segments.measures' | 'segments.pictures' | 'segments.map' | 'segments.export'

const notYet = (): Promise<never> => Promise.reject(new EngineError('INTERNAL', 'not there yet'))

export function segmentHandlers(_state: EngineState): Pick<Handlers<EngineContract>, SegmentRequests> {
  return {
    'segments.find': notYet,
    'segments.list': notYet,
    'segments.load': notYet,
    'segments.change': notYet,
    'segments.remove': notYet,
    'segments.picture': notYet,
    'segments.pixels': notYet,
    'segments.measures': notYet,
    'segments.pictures': notYet,
    'segments.map': notYet,
    'segments.export': notYet,
  }
}
