import { describe, expect, it } from 'vitest'
import type { MetricSeries, RunInfo } from '../../../../../src/engine/contract'
import { renderReport, type ReportData } from '../../../../../src/engine/train/watch'
import { thrownBy } from '../../../../helpers/thrown'

const pixel = 'data:image/png;base64,iVBORw0KGgo='

const run: RunInfo = {
  id: 'night-1',
  name: 'Night',
  state: 'finished',
  reason: undefined,
  createdAt: '2026-11-24T22:10:00.000Z',
  updatedAt: '2026-11-25T06:40:00.000Z',
  summary: { method: 'dino', architecture: 'ViT-Ti/16', patchSize: 16, backboneParameters: 5_524_416, headParameters: 9_000_000, globalSize: 224, localSize: 96, localCrops: 8, batch: 4, accumulate: 2 },
  source: '/photos',
  images: 1000,
  init: undefined,
  step: 300,
  stepsTotal: 300,
  imagesPerSecond: 4,
  etaMs: 0,
  latest: undefined,
  bestKnn: 0.31,
  finishBy: undefined,
  checkpoints: [{ step: 300, best: true, savedAt: '2026-11-25T06:30:00.000Z' }],
  warnings: [],
  skippedImages: 0,
  hasReport: true,
  sizeBytes: 84_000_000,
}

const steps = 300
const column = (at: (step: number) => number, every = 1): Float64Array => Float64Array.from({ length: steps }, (_, step) => (step % every === 0 ? at(step) : NaN))
const metrics: MetricSeries = {
  steps: Float64Array.from({ length: steps }, (_, step) => step),
  columns: { loss: column((step) => 8 - step / 100), 'teacher.kl': column(() => 0.5), knn: column((step) => 0.2 + step / 3000, 50), 'gradient.ibot': column(() => NaN) },
}

const data = (over: Partial<ReportData> = {}): ReportData => ({ folder: '/runs/night one', run, metrics, trainedMs: 30_600_000, writtenAt: '2026-11-25T06:41:00.000Z', device: 'CPU, 2 threads', recipe: 'preset: tiny-smoke\n', probes: [], skipped: [], ...over })
/** Which of `texts` the page does not have. */
const missing = (page: string, texts: readonly string[]): string[] => texts.filter((text) => !page.includes(text))
const charts = (page: string): string[] => [...page.matchAll(/<figure class="chart"><figcaption><h3>([^<]*)</g)].map(([, title]) => title ?? '')

describe('the report', () => {
  it('says what was trained on what, how long, and with what result', () => {
    const page = renderReport(data())
    const texts = [
      'ViT-Ti/16 from scratch on 1\u202f000 pictures of /photos. It finished all 300 steps after 8 h 30 min.',
      '<dd>28.3 %</dd><small>+8.3 points since step 0</small>',
      '<dt>Loss</dt><dd>5.04</dd><small>7.98 at the start</small>',
      '<dd>2\u202f400</dd><small>2.4 times each</small>',
      '<dt>Crops</dt><dd>2 × 224 px + 8 × 96 px</dd>',
      '<dt>Batch</dt><dd>4 × 2</dd>',
      '<dt>Checkpoints</dt><dd>step 300 (best), 2026-11-25 06:30 UTC</dd>',
      'None: no sign of collapse was seen',
      'preset: tiny-smoke',
    ]
    expect(missing(page, texts)).toEqual([])
  })

  it('draws what was measured and leaves out what was not', () => {
    expect(charts(renderReport(data()))).toEqual(['k-NN accuracy', 'Loss', 'KL from student to teacher'])
    const empty = renderReport(data({ metrics: { steps: new Float64Array(), columns: {} } }))
    expect([charts(empty), empty.includes('Nothing was measured.')]).toEqual([[], true])
  })

  it('holds curves against what is known', () => {
    const page = renderReport(data({ references: { pixelKnn: 0.3615 } }))
    expect(page).toContain('raw pixels 36.1 %')
  })

  it('escapes every text that is not its own', () => {
    const evil = `<script>alert("x")</script>'&\u0000`
    const page = renderReport(
      data({
        run: { ...run, id: evil, name: evil, reason: evil, source: evil, init: evil, state: 'failed', summary: { ...run.summary, architecture: evil }, warnings: [{ step: 1, code: 'rank-falling', message: evil, advice: evil }], checkpoints: [{ step: 1, best: false, savedAt: evil }], skippedImages: 1 },
        device: evil,
        recipe: evil,
        writtenAt: evil,
        probes: [{ name: evil, photo: pixel, moments: [{ step: 0, attention: pixel, pca: pixel }] }],
        skipped: [{ relativePath: evil, code: 'IMG_CORRUPT', reason: evil }],
      }),
    )
    expect(page).not.toMatch(/<script|alert\("/)
    expect(page).not.toContain('\u0000')
    expect(page.split('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&#39;&amp;\ufffd').length).toBeGreaterThan(16)
  })

  it('loads nothing: no script, no link, no picture but those inside it', () => {
    const page = renderReport(data({ probes: [{ name: 'cat', photo: pixel, moments: [{ step: 0, attention: pixel, pca: pixel }] }] }))
    expect(page).not.toMatch(/<script|<link|<iframe|\bhttps?:|url\(|@import|\son\w+=/)
    expect([...page.matchAll(/src="([^"]*)"/g)].map(([, source]) => source)).toEqual([pixel, pixel, pixel])
  })

  it.each(['javascript:alert(1)', 'data:text/html;base64,AAAA', 'data:image/png;base64,AA" onerror="x', 'https://example.com/a.png'])('refuses %s as a picture', async (photo) => {
    const probes = [{ name: 'cat', photo, moments: [{ step: 0, attention: pixel, pca: pixel }] }]
    expect(await thrownBy(() => renderReport(data({ probes })))).toMatchObject({ code: 'INTERNAL' })
  })

  it('tells warnings with their advice, and counts files that are not listed', () => {
    const warnings: RunInfo['warnings'] = [{ step: 1234, code: 'uniform-output', message: 'All the same.', advice: 'Sharpen.' }]
    const page = renderReport(data({ run: { ...run, warnings, skippedImages: 5 }, skipped: [{ relativePath: 'a.jpg', code: 'IMG_CORRUPT', reason: 'it ends too early' }] }))
    expect(missing(page, ['<b>Step 1\u202f234</b> · All the same.</p><p>Sharpen.</p>', '5 files left out', '<code>a.jpg</code> it ends too early', 'and 4 more, listed in train.log'])).toEqual([])
  })
})
