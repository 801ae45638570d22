/** @file Copying chosen originals: what was copied, what was not, and why. */
import { describe, expect, it } from 'vitest'
import { EngineError, type CopyRequest } from '../../../src/engine/contract'
import { useLibraryStore } from '../../../src/renderer/stores/library'
import { useNoticesStore } from '../../../src/renderer/stores/notices'
import { useSelectionCopyStore } from '../../../src/renderer/stores/selection-copy'
import type { FakeEngineOptions } from '../fake-engine'
import { startPage } from '../page'

const openPage = async (handlers: NonNullable<FakeEngineOptions['handlers']> = {}) => {
  startPage({ handlers })
  await useLibraryStore().open('/photos')
  return useSelectionCopyStore()
}
const lastNotice = () => useNoticesStore().notices.at(-1)

describe('useSelectionCopyStore', () => {
  it('copies the rows it is given and says where to', async () => {
    const asked: CopyRequest[] = []
    const copy = await openPage({
      'sets.copy': (request) => {
        asked.push(request)
        return Promise.resolve({ copied: 2, folder: request.folder, skipped: [] })
      },
    })
    await copy.copy(Uint32Array.of(0, 2), '/out', true)
    expect(asked).toEqual([{ libraryId: 'library of /photos', rows: Uint32Array.of(0, 2), folder: '/out', keepFolders: true }])
    expect([copy.copying, lastNotice()]).toMatchObject([false, { kind: 'done', text: '2 files copied to /out.' }])
  })

  it('tells what was left out', async () => {
    const skipped = [{ relativePath: 'a', code: 'DISK', reason: 'full' }]
    const copy = await openPage({ 'sets.copy': ({ folder }) => Promise.resolve({ copied: 1, folder, skipped }) })
    await copy.copy(Uint32Array.of(0, 2), '/out', false)
    expect([copy.result?.skipped, lastNotice()]).toMatchObject([skipped, { kind: 'problem', text: '1 file copied to /out; 1 file could not be copied.' }])
  })

  it('keeps the reason of a failure', async () => {
    const copy = await openPage({ 'sets.copy': () => Promise.reject(new EngineError('DISK', 'no space is left')) })
    await copy.copy(Uint32Array.of(0), '/out', false)
    expect([copy.copying, copy.problem]).toEqual([false, { code: 'DISK', message: 'no space is left', lists: [] }])
  })
})
