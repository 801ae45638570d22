/** @file Which charts a run has: those of its columns, and none of what it lacks. */
import { describe, expect, it } from 'vitest'
import { chartGroups } from '../../../src/renderer/charts/chart-specs'

const layout = (columns: readonly string[]) => chartGroups(columns).map(({ title, charts }) => [title, charts.map(({ id, curves }) => [id, curves.map(({ column }) => column)])])

describe('chartGroups', () => {
  it('has nothing to show without numbers', () => {
    expect(chartGroups([])).toEqual([])
  })

  it('shows of each chart the curves there are, in the order of the charts', () => {
    expect(layout(['lr', 'loss.ibot', 'loss', 'centre.ibot.norm', 'teacher.kl'])).toEqual([
      ['Loss', [['loss', ['loss', 'loss.ibot']]]],
      ['Is it learning?', [['teacher', ['teacher.kl']]]],
      ['Inside', [['centre', ['centre.ibot.norm']]]],
      ['Schedules and speed', [['lr', ['lr']]]],
    ])
  })

  it('gathers columns it has no name for in one chart', () => {
    expect(layout(['zeta', 'loss', 'alpha'])).toEqual([['Loss', [['loss', ['loss']]]], ['Other', [['other', ['alpha', 'zeta']]]]])
  })

  it('has a chart for every column a run writes', () => {
    const written = [
      'loss', 'loss.dino', 'loss.dino.local', 'loss.dino.global', 'loss.ibot', 'loss.koleo', 'teacher.entropy', 'teacher.kl', 'feature.rank', 'feature.std',
      'centre.norm', 'centre.ibot.norm', 'gradient.backbone', 'gradient.head', 'gradient.ibot', 'lr', 'weight.decay', 'momentum', 'temperature', 'images.per.second',
      'knn', 'knn.best', 'feature.largest', 'data.waited.ms',
    ]
    expect(chartGroups(written).map(({ title }) => title)).toEqual(['Loss', 'Is it learning?', 'Inside', 'Schedules and speed'])
  })
})
