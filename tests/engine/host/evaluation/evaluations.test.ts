/** @file Results of evaluations on the disk: written whole, read again, damaged ones told and left alone. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { EvaluationInfo } from '../../../../src/engine/contract'
import { createEvaluations, type StoredEvaluation } from '../../../../src/engine/host/evaluation/evaluations'
import { temporaryFolder } from '../../../helpers/folders'
import { thrownBy } from '../../../helpers/thrown'

const id = (digit: string): string => digit.repeat(24)
const result = (digit: string, over: Partial<EvaluationInfo> = {}): StoredEvaluation => ({
  info: {
    evaluationId: id(digit),
    createdAt: `2026-01-0${digit}T12:00:00.000Z`,
    version: '1.2.3',
    method: { kind: 'knn', k: 20 },
    split: 'folders',
    features: { kind: 'model', modelId: 'm', name: 'Model', sha256: 'ab', pooling: 'cls', preparation: 'as it is' },
    data: { folder: '/photos/train', testFolder: '/photos/test', hash: 'cd', classes: [{ name: 'cat', pictures: 3, testPictures: 2 }, { name: 'dog', pictures: 4, testPictures: 0 }] },
    counts: { references: 7, queries: 2, unanswerable: 0, overlap: 0, duplicates: 1, unclassed: 0, skipped: 0 },
    figures: [{ name: 'Top-1', value: 0.5, error: 0.2 }, { name: 'Other', value: 1, error: undefined }],
    perClass: [{ name: 'cat', queries: 2, value: 0.5 }, { name: 'dog', queries: 0, value: undefined }],
    mistakes: [{ truth: 'cat', said: 'dog', count: 1 }],
    ...over,
  },
  confusion: [[1, 1], [0, 0]],
})

describe('evaluations that are kept', () => {
  it('are read again as they were, newest first, also without a test folder', async () => {
    const folder = await temporaryFolder()
    const one = createEvaluations(folder)
    const alone = result('2', { data: { ...result('2').info.data, testFolder: undefined }, features: { kind: 'pixels', edge: 32 }, method: { kind: 'linear', C: 100 }, split: 'held-out-fifth' })
    await one.save(result('1'))
    await one.save(alone)
    for (const opened of [one, createEvaluations(folder)]) {
      expect(await opened.list()).toEqual({ evaluations: [alone.info, result('1').info], unreadable: [] })
      expect(await opened.find(id('1'))).toEqual(result('1'))
    }
    expect(await readdir(folder)).toEqual([`${id('1')}.json`, `${id('2')}.json`])
    expect(JSON.parse(await readFile(join(folder, `${id('1')}.json`), 'utf8'))).toMatchObject({ version: 1, program: { name: 'DinoScope', version: '1.2.3' }, data: { hash: 'cd' }, confusion: [[1, 1], [0, 0]] })
  })

  it('are told when they cannot be read, and stay where they are; the others are there', async () => {
    const whole = createEvaluations(await temporaryFolder())
    await whole.save(result('1'))
    const folder = await temporaryFolder({ [`${id('3')}.json`]: '{"version": 1, "crea', [`${id('4')}.json`]: '{"version": 2}', 'notes.txt': 'mine', '.x.1234.dinoscope-partial': 'half' })
    await createEvaluations(folder).save(result('1'))
    const opened = createEvaluations(folder)
    const { evaluations, unreadable } = await opened.list()
    expect(evaluations.map(({ evaluationId }) => evaluationId)).toEqual([id('1')])
    expect(unreadable).toEqual([
      { file: join(folder, `${id('3')}.json`), reason: expect.stringContaining('JSON') as string },
      { file: join(folder, `${id('4')}.json`), reason: expect.stringMatching(/^version: /) as string },
    ])
    expect((await readdir(folder)).sort()).toEqual([`${id('1')}.json`, `${id('3')}.json`, `${id('4')}.json`, 'notes.txt'])
    // A new result takes the place of a damaged one.
    await opened.save(result('3'))
    expect((await opened.list()).unreadable).toHaveLength(1)
  })

  it('go when they are removed, and are not there twice', async () => {
    const folder = await temporaryFolder()
    const opened = createEvaluations(folder)
    await opened.save(result('1'))
    await opened.save(result('1', { createdAt: '2026-02-01T00:00:00.000Z' }))
    expect((await opened.list()).evaluations.map(({ createdAt }) => createdAt)).toEqual(['2026-02-01T00:00:00.000Z'])
    await opened.remove(id('1'))
    expect(await opened.list()).toEqual({ evaluations: [], unreadable: [] })
    expect(await readdir(folder)).toEqual([])
    expect(await thrownBy(() => opened.remove(id('1')))).toMatchObject({ code: 'NOT_FOUND' })
  })

  it('need a disk that takes them', async () => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'evaluations'), 'a file')
    expect(await thrownBy(() => createEvaluations(join(folder, 'evaluations')).save(result('1')))).toMatchObject({ code: 'DISK' })
  })
})
