/** @file A strict unpickler: an allow-list of opcodes, an allow-list of names, limits on everything, data as the only result. */
import { globalError } from './pickle-globals'
import { PickleMachine } from './pickle-machine'
import { opcodes, refusedOpcodes, stopOpcode } from './pickle-opcodes'
import type { PickleValue, StorageReference } from './pickle-values'

export interface Unpickled {
  readonly value: PickleValue
  /** Every storage the pickle refers to, by key. */
  readonly storages: ReadonlyMap<string, StorageReference>
  /** The position behind the pickle. */
  readonly end: number
}

/** The most bytes of pickle that are read from one file. */
export const maximumPickleBytes = 64 * 2 ** 20

/**
 * Reads one pickle that starts at `start`.
 * @throws EngineError PICKLE_OPCODE, PICKLE_GLOBAL, PICKLE_LIMIT, TENSOR_GEOMETRY
 */
export function unpickle(path: string, bytes: Buffer, start = 0): Unpickled {
  const machine = new PickleMachine(path, bytes, start)
  for (;;) {
    const byte = machine.next()
    if (byte === stopOpcode) break
    const opcode = opcodes.get(byte)
    machine.operation = opcode?.name ?? refusedOpcodes.get(byte) ?? `0x${byte.toString(16).padStart(2, '0')}`
    if (opcode === undefined) throw machine.invalid('is not one that torch.save writes')
    opcode.run(machine)
  }
  machine.operation = 'STOP'
  const value = machine.result()
  if (machine.encoded.some(({ used }) => !used)) throw globalError(path, '_codecs.encode', 'uses for something other than a number:')
  return { value, storages: machine.storages, end: machine.position }
}
