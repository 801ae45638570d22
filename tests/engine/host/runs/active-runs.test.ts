/** @file An engine that takes over from one that crashed goes on with what that one trained; one that starts afresh does not. */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { goOnWithActiveRuns, readActiveRuns, writeActiveRuns } from '../../../../src/engine/host/runs/active-runs'
import { temporaryFolder, writeFiles } from '../../../helpers/folders'
import { runInfo } from './fakes'

describe('the active runs', () => {
  it('are what was written last, and none after a proper end', async () => {
    const workspace = await temporaryFolder()
    const before = readActiveRuns(workspace)
    writeActiveRuns(workspace, ['night-1'])
    const during = readActiveRuns(workspace)
    writeActiveRuns(workspace, [])
    expect([before, during, readActiveRuns(workspace)]).toEqual([[], ['night-1'], []])
  })

  it.each(['', 'nonsense', '{"runs":[]}', '[1]'])('are none where the file says %j', async (content) => {
    const workspace = await temporaryFolder({ 'training.json': content })
    expect(readActiveRuns(workspace)).toEqual([])
  })

  it('cannot be written where there is no folder, which ends nothing', async () => {
    writeActiveRuns(join(await temporaryFolder(), 'nowhere'), ['night-1'])
  })

  it('are gone on with', async () => {
    const workspace = await temporaryFolder()
    await writeFiles(workspace, { 'training.json': '["night-1","night-2"]' })
    const resumed: string[] = []
    goOnWithActiveRuns(workspace, {
      resume: (runId) => {
        resumed.push(runId)
        return Promise.resolve(runInfo())
      },
    })
    expect(resumed).toEqual(['night-1', 'night-2'])
  })
})
