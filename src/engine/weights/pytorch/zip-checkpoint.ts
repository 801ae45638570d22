/** @file A PyTorch file in the zip format (torch.save since 1.6): one folder with data.pkl and a record for each storage. */
import { EngineError } from '../../contract'
import type { ByteSource } from '../bytes/byte-source'
import type { Checkpoint } from '../bytes/tensor-source'
import { checkStorage, pickledClasses, pickledGroups } from './pickled-checkpoint'
import { maximumPickleBytes, unpickle } from './unpickle'
import { openZipArchive, type ZipArchive } from './zip-archive'

/**
 * Opens a checkpoint; its tensors are read later, one at a time.
 * @throws EngineError MODEL_ARCHIVE, MODEL_UNSUPPORTED, PICKLE_OPCODE, PICKLE_GLOBAL, PICKLE_LIMIT, TENSOR_GEOMETRY
 */
export async function openZipCheckpoint(source: ByteSource): Promise<Checkpoint> {
  const archive = await openZipArchive(source)
  const root = findRoot(source.name, archive)
  await checkByteOrder(source.name, archive, `${root}byteorder`)
  const pickleName = `${root}data.pkl`
  if ((archive.sizeOf(pickleName) ?? 0) > maximumPickleBytes)
    throw new EngineError('PICKLE_LIMIT', `${source.name}: its pickle has more than ${maximumPickleBytes} bytes`, { detail: { path: source.name } })
  const pickle = await archive.read(pickleName)
  const { value, storages, end } = unpickle(source.name, pickle)
  if (end !== pickle.length)
    throw new EngineError('PICKLE_OPCODE', `${source.name}: its pickle ends at byte ${end} and is followed by ${pickle.length - end} more`, {
      detail: { path: source.name, position: end },
    })
  for (const storage of storages.values()) checkStorage(source.name, storage, archive.sizeOf(`${root}data/${storage.key}`))
  const groups = pickledGroups(source.name, value, ({ key }) => archive.read(`${root}data/${key}`))
  return { format: 'pytorch', groups, classes: pickledClasses(value), close: () => source.close() }
}

/** The one folder of the archive, whatever its name, with a slash behind it. */
function findRoot(path: string, archive: ZipArchive): string {
  const unsupported = (what: string): EngineError => new EngineError('MODEL_UNSUPPORTED', `${path} ${what}`, { detail: { path } })
  const roots = new Set(archive.names.map((name) => name.slice(0, name.indexOf('/') + 1)))
  const [root = ''] = roots
  if (archive.names.some((name) => /(^|\/)(code\/|constants\.pkl$)/.test(name)))
    throw unsupported('is a TorchScript program, which is code; save the state_dict instead')
  if (archive.sizeOf(`${root}data.pkl`) === undefined) throw unsupported('is a zip archive, but not one that torch.save wrote: it has no data.pkl')
  if (roots.size > 1 || root === '') throw new EngineError('MODEL_ARCHIVE', `${path} has entries outside of one folder`, { detail: { path } })
  return root
}

async function checkByteOrder(path: string, archive: ZipArchive, name: string): Promise<void> {
  const size = archive.sizeOf(name)
  if (size === undefined) return
  const order = size > 16 ? '' : (await archive.read(name)).toString('latin1')
  if (order !== 'little')
    throw new EngineError('MODEL_UNSUPPORTED', `${path} has byte order ${JSON.stringify(order)}; little was expected`, { detail: { path } })
}
