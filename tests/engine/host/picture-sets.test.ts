import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createPictureSets } from '../../../src/engine/host/picture-sets'
import { partialName } from '../../../src/engine/files'
import { temporaryFolder } from '../../helpers/folders'
import { thrownBy } from '../../helpers/thrown'

const hash = (digit: string): string => digit.repeat(64)
const silent = (): void => undefined

describe('selections and tags on the disk', () => {
  it('are one small file each, read again by the next engine', async () => {
    const folder = join(await temporaryFolder(), 'sets')
    const sets = createPictureSets(folder, silent)
    expect(await sets.list()).toEqual([])
    const { setId, changedAt } = await sets.create('tag', 'Sharp', [hash('a'), hash('c')])
    await sets.change(setId, { kind: 'add', hashes: [hash('b'), hash('a')] })
    const changed = await sets.change(setId, { kind: 'take', hashes: [hash('c'), hash('d')] })
    expect(changed).toMatchObject({ kind: 'tag', name: 'Sharp', hashes: [hash('a'), hash('b')] })
    expect(changed.changedAt >= changedAt).toBe(true)
    expect(await readdir(folder)).toEqual([`${setId}.json`])
    expect(await createPictureSets(folder, silent).list()).toEqual([changed])
  })

  it('lose none of two changes at once, nor a name to two at once', async () => {
    const folder = await temporaryFolder()
    const sets = createPictureSets(folder, silent)
    const { setId } = await sets.create('selection', 'One', [])
    await Promise.all(['a', 'b', 'c'].map((digit) => sets.change(setId, { kind: 'add', hashes: [hash(digit)] })))
    expect((await sets.find(setId)).hashes).toEqual([hash('a'), hash('b'), hash('c')])
    const results = await Promise.allSettled([sets.create('selection', 'Two', []), sets.create('selection', 'TWO', [])])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(await thrownBy(() => sets.change(setId, { kind: 'rename', name: 'two' }))).toMatchObject({ code: 'ALREADY_EXISTS', message: 'there is a selection named "Two" already; choose another name' })
    expect((await sets.change(setId, { kind: 'rename', name: 'ONE' })).name).toBe('ONE')
  })

  it('do not come back under a name that was given away', async () => {
    const sets = createPictureSets(await temporaryFolder(), silent)
    const { setId } = await sets.create('selection', 'Mine', [hash('a')])
    await sets.remove(setId)
    const other = await sets.create('selection', 'Mine', [hash('b')])
    expect(await thrownBy(() => sets.restore(setId))).toMatchObject({ code: 'ALREADY_EXISTS' })
    await sets.change(other.setId, { kind: 'rename', name: 'Theirs' })
    expect((await sets.restore(setId)).hashes).toEqual([hash('a')])
    expect((await sets.list()).map(({ name }) => name)).toEqual(['Mine', 'Theirs'])
  })

  it.each(['', '{', '{"version":2}', '{"version":1,"kind":"tag","name":"x","changedAt":"","hashes":["nonsense"]}'])('that are damaged (%j) are told and moved aside, and the rest goes on', async (content) => {
    const folder = await temporaryFolder()
    const sets = createPictureSets(folder, silent)
    const good = await sets.create('tag', 'Good', [hash('a')])
    const damaged = `${'0'.repeat(24)}.json`
    await writeFile(join(folder, damaged), content)
    await writeFile(join(folder, partialName('x.json', '1')), 'half')
    await writeFile(join(folder, 'somebody else.txt'), 'stays')
    const told: string[] = []
    const again = createPictureSets(folder, (line) => told.push(line))
    expect(await again.list()).toEqual([good])
    expect(told).toEqual([expect.stringMatching(/^the selection or tag 0+\.json is damaged and was moved aside to 0+\.json\.corrupt-\d+: /)])
    const names = await readdir(folder)
    const aside = names.find((name) => name.startsWith(`${damaged}.corrupt-`))!
    expect(new Set(names)).toEqual(new Set([aside, `${good.setId}.json`, 'somebody else.txt']))
    expect(await readFile(join(folder, aside), 'utf8')).toBe(content)
  })
})
